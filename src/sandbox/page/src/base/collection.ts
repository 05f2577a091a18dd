import { EventEmitter } from './emitter';
import { Model, type Attributes } from './model';

/** Anything that names a model: its id, the id's printed form, or an object carrying the id. */
export type IdLike = string | { _serialized: string } | { id: unknown } | null | undefined;

export type ModelClass<M extends Model> = new (attributes?: Attributes | Model) => M;

/**
 * Models by id, in the order they came. Emits `add`, `remove` (model, collection), `sort`, and repeats
 * what its models emit. wa-js recognises the class by the text of the error in the constructor.
 */
export class Collection<M extends Model = Model> extends EventEmitter {
  /** Each subclass says which model it holds. */
  static model?: ModelClass<any>;

  readonly #byId = new Map<string, M>();
  #models: M[] = [];

  constructor() {
    super();
    if (!new.target.model) throw new Error('Collection initialized without model');
  }

  get modelClass(): ModelClass<M> {
    return (this.constructor as typeof Collection).model as ModelClass<M>;
  }

  get length(): number {
    return this.#models.length;
  }

  get(id: IdLike): M | undefined {
    const key = keyOf(id);
    return key === undefined ? undefined : this.#byId.get(key);
  }

  /** Adds a model, or makes one from attributes. What is there already stays, and is returned. */
  add(entry: M | Attributes): M;
  add(entries: readonly (M | Attributes)[]): M[];
  add(entry: M | Attributes | readonly (M | Attributes)[]): M | M[] {
    if (Array.isArray(entry)) return entry.map((single: M | Attributes) => this.add(single));
    const single = entry as M | Attributes;
    const key = keyOf(single);
    if (key === undefined) throw new Error('A model needs an id to be collected');
    const present = this.#byId.get(key);
    if (present) return present;
    const model = single instanceof Model ? (single as M) : new this.modelClass(single);
    this.#enrol(model);
    this.#models.push(model);
    this.trigger('add', model, this);
    return model;
  }

  /** The model of this id; an empty one is made where there is none. */
  getOrAdd(id: { _serialized: string }): M {
    return this.get(id) ?? this.add({ id });
  }

  /** Collections whose models live on the server override this with a real question. */
  async find(id: { _serialized: string }): Promise<M> {
    return this.getOrAdd(id);
  }

  async update(id: { _serialized: string }): Promise<M> {
    return this.find(id);
  }

  /**
   * Puts models before all others, in their order; what is there already stays where it is. Takes one pass
   * for all of them, as an account's past comes by the thousand.
   */
  addBefore(models: readonly M[]): void {
    const added = models.filter((model) => this.#enrol(model));
    this.#models = [...added, ...this.#models];
    for (const model of added) this.trigger('add', model, this);
  }

  remove(entry: IdLike | M | readonly (IdLike | M)[]): M[] {
    const entries = Array.isArray(entry) ? entry : [entry];
    const gone = new Set<M>();
    for (const single of entries) {
      const key = keyOf(single);
      const model = key === undefined ? undefined : this.#byId.get(key);
      if (key === undefined || !model) continue;
      this.#byId.delete(key);
      gone.add(model);
    }
    if (gone.size) this.#models = this.#models.filter((model) => !gone.has(model));
    for (const model of gone) {
      model.left(this);
      this.trigger('remove', model, this);
    }
    return [...gone];
  }

  /** Empties the collection, with a `remove` for each model. */
  reset(): void {
    this.remove(this.toArray());
  }

  sort(compare?: (left: M, right: M) => number): this {
    if (compare) this.#models.sort(compare);
    this.trigger('sort', this);
    return this;
  }

  /** wppconnect and whatsapp-web.js reach for the array itself. */
  get _models(): M[] {
    return this.#models;
  }

  getModelsArray(): M[] {
    return this.#models;
  }

  toArray(): M[] {
    return [...this.#models];
  }

  findFirst(test: (model: M) => boolean): M | undefined {
    return this.#models.find(test);
  }

  head(): M | undefined {
    return this.#models[0];
  }

  last(): M | undefined {
    return this.#models.at(-1);
  }

  map<T>(turn: (model: M, index: number) => T): T[] {
    return this.#models.map(turn);
  }

  filter(test: (model: M) => boolean): M[] {
    return this.#models.filter(test);
  }

  forEach(visit: (model: M) => void): void {
    this.toArray().forEach((model) => visit(model));
  }

  some(test: (model: M) => boolean): boolean {
    return this.#models.some(test);
  }

  /** False where its id is taken. */
  #enrol(model: M): boolean {
    const key = keyOf(model);
    if (key === undefined || this.#byId.has(key)) return false;
    this.#byId.set(key, model);
    model.joined(this);
    return true;
  }

  serialize(): Attributes[] {
    return this.#models.map((model) => model.serialize());
  }

  toJSON(): Attributes[] {
    return this.serialize();
  }
}

function keyOf(id: unknown): string | undefined {
  if (id == null) return undefined;
  if (typeof id === 'string') return id;
  if (typeof id === 'number') return String(id);
  if (typeof id !== 'object') return undefined;
  if ('_serialized' in id) return String(id._serialized);
  return 'id' in id ? keyOf(id.id) : undefined;
}
