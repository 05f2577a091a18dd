/**
 * The module system of the real page, as far as clients use it.
 *
 * WhatsApp Web registers its modules with a global `__d` and hands them out through `require`,
 * `importNamespace` and `importDefault`. wa-js starts when both `__d` and `require` exist, walks
 * `require('__debug').modulesMap` in definition order, and takes the first module whose exports
 * satisfy a predicate. So exports must be exact: a module never answers to a name it does not offer.
 *
 * A namespace is one mutable object for the life of the page. wa-js replaces functions on it, which is
 * why our own code calls such functions through the namespace, never through a saved reference.
 */

export type Namespace = Record<string, unknown>;
/** Module id → the namespace it exports. */
export type ModuleTable = Record<string, Namespace>;

type Require = (id: string) => unknown;
type Importer = (id: string) => Namespace;
type Factory = (
  global: unknown,
  require: Require,
  importDefault: Require,
  importNamespace: Importer,
  requireLazy: unknown,
  module: { exports: Namespace },
  exports: Namespace,
) => void;

interface Definition {
  id: string;
  dependencies: readonly string[];
  factory: Factory;
}

/** A change of the page's modules, as WhatsApp makes them without notice. */
export interface Drift {
  module: string;
  /** Its new name; null: it is gone. */
  renamed: string | null;
}

export class ModuleRegistry {
  /** Read by wa-js to enumerate the modules; only the order and the keys matter to it. */
  readonly modulesMap: Record<string, Definition> = Object.create(null);
  readonly #loaded = new Map<string, Namespace>();
  readonly #drift: ReadonlyMap<string, string | null>;

  constructor(drift: readonly Drift[] = []) {
    this.#drift = new Map(drift.map(({ module, renamed }) => [module, renamed]));
  }

  /** The page's `__d`. A second definition of the same id is a mistake of ours and throws. */
  define = (id: string, dependencies: readonly string[], factory: Factory): void => {
    if (id in this.modulesMap) throw new Error(`Module "${id}" is already defined`);
    this.modulesMap[id] = { id, dependencies, factory };
  };

  /** Defines each module of the table, in the order of its keys. */
  provide(table: ModuleTable): void {
    for (const [name, namespace] of Object.entries(table)) {
      const drifted = this.#drift.get(name);
      if (drifted === null) continue;
      this.define(drifted ?? name, [], (_global, _require, _default, _namespace, _lazy, module) => {
        module.exports = namespace;
      });
    }
  }

  /** The exports object itself, whatever it holds. */
  importNamespace = (id: string): Namespace => {
    const loaded = this.#loaded.get(id);
    if (loaded) return loaded;
    const definition = this.modulesMap[id];
    if (!definition) throw new Error(`Requiring unknown module "${id}"`);
    const module = { exports: {} as Namespace };
    definition.factory(
      globalThis, this.require, this.importDefault, this.importNamespace, this.requireLazy,
      module, module.exports,
    );
    this.#loaded.set(id, module.exports);
    return module.exports;
  };

  /** As the real page does it: a module that exports nothing but a default hands out that default. */
  require = (id: string): unknown => {
    if (id === '__debug') return { modulesMap: this.modulesMap };
    const namespace = this.importNamespace(id);
    const names = Object.keys(namespace);
    return names.length === 1 && names[0] === 'default' ? namespace['default'] : namespace;
  };

  importDefault = (id: string): unknown => {
    const namespace = this.importNamespace(id);
    return 'default' in namespace ? namespace['default'] : namespace;
  };

  requireLazy = (ids: readonly string[], done?: (...modules: unknown[]) => void): void => {
    done?.(...ids.map((id) => this.require(id)));
  };

  /**
   * Puts the globals in place. `require` and `__d` come last: their appearance is the signal on which
   * wa-js starts looking at the modules. Without `ErrorGuard` every look-up of wa-js fails silently.
   */
  install(global: object): void {
    Object.assign(global, {
      ErrorGuard: {
        skipGuardGlobal(_skip: boolean) {},
        applyWithGuard: (run: (...args: unknown[]) => unknown, self: unknown, args: unknown[] = []) =>
          run.apply(self, args),
        guard: <F>(run: F): F => run,
      },
      importNamespace: this.importNamespace,
      importDefault: this.importDefault,
      requireLazy: this.requireLazy,
      require: this.require,
      __d: this.define,
    });
  }
}

/**
 * Stands in for a function that clients must find (wa-js wraps it at start) although the sandbox does
 * not do its work. Calling it fails loudly rather than pretending.
 */
export function notSimulated(name: string): (...args: unknown[]) => never {
  return () => {
    throw new Error(`${name} is not part of the sandbox`);
  };
}
