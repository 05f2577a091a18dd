/** Events in the manner of the real page: `on`, `once`, `off`, `trigger`, and several names in one string. */

export type Listener = (...args: any[]) => unknown;

interface Registration {
  listener: Listener;
  context: unknown;
  once: boolean;
}

/** wa-js recognises this class by the text of the error below, or by the module id WAWebEventEmitter. */
export class EventEmitter {
  readonly #registrations = new Map<string, Registration[]>();

  on(names: string, listener: Listener, context?: unknown): this {
    return this.#register(names, listener, context, false);
  }

  once(names: string, listener: Listener, context?: unknown): this {
    return this.#register(names, listener, context, true);
  }

  /** Removes one listener, or all listeners of these names where none is given. */
  off(names: string, listener?: Listener): this {
    for (const name of namesIn(names)) {
      const kept = listener ? this.#of(name).filter((entry) => entry.listener !== listener) : [];
      this.#registrations.set(name, kept);
    }
    return this;
  }

  addListener(names: string, listener: Listener, context?: unknown): this {
    return this.on(names, listener, context);
  }

  removeListener(names: string, listener?: Listener): this {
    return this.off(names, listener);
  }

  /** Listens to another emitter, with this one as `this`. */
  listenTo(other: EventEmitter, names: string, listener: Listener): this {
    other.on(names, listener, this);
    return this;
  }

  /** Calls the listeners of this name, then those of `all` with the name as first argument. */
  trigger(name: string, ...args: unknown[]): this {
    this.#fire(name, args);
    if (name !== 'all') this.#fire('all', [name, ...args]);
    return this;
  }

  emit(name: string, ...args: unknown[]): this {
    return this.trigger(name, ...args);
  }

  #of(name: string): Registration[] {
    return this.#registrations.get(name) ?? [];
  }

  #register(names: string, listener: Listener, context: unknown, once: boolean): this {
    if (typeof listener !== 'function') throw new Error('Callback parameter passed is not a function');
    for (const name of namesIn(names)) {
      this.#registrations.set(name, [...this.#of(name), { listener, context, once }]);
    }
    return this;
  }

  /** One failing listener never keeps the others from being called. */
  #fire(name: string, args: unknown[]): void {
    for (const entry of this.#of(name)) {
      if (entry.once) {
        this.#registrations.set(name, this.#of(name).filter((other) => other !== entry));
      }
      try {
        entry.listener.apply(entry.context ?? this, args);
      } catch (error) {
        console.error(`A listener of "${name}" failed`, error);
      }
    }
  }
}

function namesIn(names: string): string[] {
  return names.split(/\s+/).filter(Boolean);
}
