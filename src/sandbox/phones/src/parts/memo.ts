import { Component, h, type ComponentType, type VNode } from 'preact';

/** A component that is drawn again only when one of its properties is another object or value. */
export function memo<P extends object>(of: ComponentType<P>): ComponentType<P> {
  return class extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      const names = new Set([...Object.keys(this.props), ...Object.keys(next)]);
      return [...names].some((name) => !Object.is(this.props[name as keyof P], next[name as keyof P]));
    }

    override render(): VNode {
      return h(of as ComponentType<object>, this.props);
    }
  };
}
