import { EventEmitter } from './emitter';

export type Attributes = Record<string, unknown>;

export interface SetOptions {
  /** Change the value without telling anybody. */
  silent?: boolean;
}

/** A collection, as far as a model needs to know one: a place where its events are repeated. */
export interface ModelHome {
  trigger(name: string, ...args: unknown[]): unknown;
}

/**
 * A bag of attributes that announces its changes: `change:<name>` (model, value, previous) and then
 * `change`, on itself and on every collection it is in. Attributes read and write as properties.
 *
 * A subclass that defines a getter of the same name wins over the attribute; the attribute then stays
 * reachable through `attributes`. Subclasses list their usual attributes with `declare`, which has no
 * effect at run time: clients may set any other attribute too.
 *
 * Accounts have tens of thousands of messages, so the properties live on the class, not on each model.
 */
export class Model extends EventEmitter {
  readonly #values = new Map<string, unknown>();
  readonly #homes = new Set<ModelHome>();

  /** Takes plain attributes or another model, which is then copied. */
  constructor(attributes: Attributes | Model = {}) {
    super();
    this.set(attributes instanceof Model ? attributes.attributes : attributes, { silent: true });
  }

  /** A copy of the raw attributes. */
  get attributes(): Attributes {
    return Object.fromEntries(this.#values);
  }

  /** The first collection that took the model in. */
  get collection(): ModelHome | undefined {
    return this.#homes.values().next().value;
  }

  get(name: string): unknown {
    return (this as Attributes)[name];
  }

  /** The attribute itself, where a getter of the same name stands before it. */
  protected raw(name: string): unknown {
    return this.#values.get(name);
  }

  set(attributes: Attributes, options?: SetOptions): this;
  set(name: string, value: unknown, options?: SetOptions): this;
  set(target: string | Attributes, second?: unknown, third?: SetOptions): this {
    if (typeof target === 'string') return this.#assign(target, second, third);
    for (const [name, value] of Object.entries(target)) this.#assign(name, value, second as SetOptions);
    return this;
  }

  unset(name: string, options?: SetOptions): this {
    return this.set(name, undefined, options);
  }

  /** Plain data, for clients that carry models out of the page. */
  serialize(): Attributes {
    const plain: Attributes = {};
    for (const [name, value] of this.#values) {
      plain[name] = isSerializable(value) ? value.serialize() : value;
    }
    return plain;
  }

  toJSON(): Attributes {
    return this.serialize();
  }

  /** Called by collections only. */
  joined(home: ModelHome): void {
    this.#homes.add(home);
  }

  left(home: ModelHome): void {
    this.#homes.delete(home);
  }

  #assign(name: string, value: unknown, options: SetOptions = {}): this {
    this.#expose(name);
    const previous = this.#values.get(name);
    if (previous === value && this.#values.has(name)) return this;
    this.#values.set(name, value);
    if (!options.silent) {
      this.#announce(`change:${name}`, this, value, previous);
      this.#announce('change', this);
    }
    return this;
  }

  /** Makes the attribute a property. Configurable, because clients redefine some of them. */
  #expose(name: string): void {
    if (name in this) return;
    Object.defineProperty(Object.getPrototypeOf(this), name, {
      configurable: true,
      enumerable: false,
      // Clients look at prototypes too, which hold no values.
      get(this: object) {
        return #values in this ? this.#values.get(name) : undefined;
      },
      set(this: Model, value: unknown) {
        this.#assign(name, value);
      },
    });
  }

  #announce(event: string, ...args: unknown[]): void {
    this.trigger(event, ...args);
    for (const home of this.#homes) home.trigger(event, ...args);
  }
}

function isSerializable(value: unknown): value is { serialize(): unknown } {
  return typeof value === 'object' && value !== null && 'serialize' in value && typeof value.serialize === 'function';
}
