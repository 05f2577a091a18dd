import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModuleRegistry, notSimulated } from '../../src/registry';

function registry(): ModuleRegistry {
  const modules = new ModuleRegistry();
  modules.provide({ WAOne: { default: 'one' }, WATwo: { default: 'two', extra: 1 } });
  return modules;
}

test('modules are listed in the order in which they were defined', () => {
  const modules = registry();
  assert.deepEqual(Object.keys((modules.require('__debug') as any).modulesMap), ['WAOne', 'WATwo']);
});

test('require unwraps a lone default, importNamespace never does', () => {
  const modules = registry();
  assert.equal(modules.require('WAOne'), 'one');
  assert.equal((modules.require('WATwo') as any).extra, 1);
  assert.deepEqual(modules.importNamespace('WAOne'), { default: 'one' });
  assert.equal(modules.importDefault('WATwo'), 'two');
});

test('a function replaced on a namespace stays replaced', () => {
  const original = { run: () => 'old' };
  const modules = new ModuleRegistry();
  modules.provide({ WARun: original });
  modules.importNamespace('WARun')['run'] = () => 'new';
  assert.equal(original.run(), 'new');
});

test('an unknown module and a second definition are errors', () => {
  const modules = registry();
  assert.throws(() => modules.require('WANone'), /unknown module "WANone"/);
  assert.throws(() => modules.provide({ WAOne: {} }), /already defined/);
});

test('the globals that start wa-js come last', () => {
  const order: string[] = [];
  const global = new Proxy({}, {
    set: (_target, name) => order.push(String(name)) > 0,
  });
  registry().install(global);
  assert.deepEqual(order.slice(-2), ['require', '__d']);
});

test('what is not simulated says so', () => {
  assert.throws(() => notSimulated('uploadMedia')(), /uploadMedia is not part of the sandbox/);
});

test('a module that drifted is gone, or goes by another name', () => {
  const modules = new ModuleRegistry([
    { module: 'WAGone', renamed: null },
    { module: 'WAMoved', renamed: 'WAMovedNext' },
  ]);
  modules.provide({ WAGone: { one: 1 }, WAMoved: { two: 2 }, WAStays: { three: 3 } });
  assert.deepEqual(Object.keys(modules.modulesMap), ['WAMovedNext', 'WAStays']);
  assert.throws(() => modules.require('WAGone'), /unknown module/);
  assert.equal(modules.importNamespace('WAMovedNext')['two'], 2);
});
