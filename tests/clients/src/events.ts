import { until } from './rows';

/** Everything that an emitter of a client has said, oldest first. */
export class Heard {
  readonly all: { name: string; args: any[] }[] = [];

  note(name: string, ...args: any[]): void {
    this.all.push({ name, args });
  }

  /** The arguments of the first event of this name that fits, once there is one. */
  first(name: string, fits: (...args: any[]) => unknown = () => true, ms?: number): Promise<any[]> {
    return until(`the event ${name}`, () => this.of(name).find((args) => fits(...args)), ms);
  }

  of(name: string): any[][] {
    return this.all.filter((event) => event.name === name).map((event) => event.args);
  }
}
