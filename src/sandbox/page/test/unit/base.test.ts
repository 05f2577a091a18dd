import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Collection } from '../../src/base/collection';
import { EventEmitter } from '../../src/base/emitter';
import { Model } from '../../src/base/model';

class Thing extends Model {
  declare id: string;
  declare size: number;
  get double(): number {
    return this.size * 2;
  }
}
class Things extends Collection<Thing> {
  static override model = Thing;
}

test('an emitter takes several names at once, and calls a once-listener once', () => {
  const heard: unknown[] = [];
  const emitter = new EventEmitter();
  emitter.on('a b', (value) => heard.push(value));
  emitter.once('a', () => heard.push('once'));
  emitter.trigger('a', 1).trigger('b', 2).trigger('a', 3);
  assert.deepEqual(heard, [1, 'once', 2, 3]);
});

test('a removed listener is silent, and "all" hears every name', () => {
  const heard: unknown[] = [];
  const listener = () => heard.push('gone');
  const emitter = new EventEmitter();
  emitter.on('a', listener).off('a', listener).on('all', (name) => heard.push(name));
  emitter.trigger('a');
  assert.deepEqual(heard, ['a']);
});

test('a listener that is no function is refused with the words that wa-js looks for', () => {
  assert.throws(() => new EventEmitter().on('a', 'no' as never), /Callback parameter passed is not a function/);
  assert.match(EventEmitter.toString(), /Callback parameter passed is not a function/);
});

test('a model announces a change once, with the value before', () => {
  const heard: unknown[][] = [];
  const thing = new Thing({ id: 'x', size: 1 });
  thing.on('change:size', (_model, value, previous) => heard.push([value, previous]));
  thing.size = 2;
  thing.set('size', 2);
  thing.set({ size: 3 }, { silent: true });
  assert.deepEqual(heard, [[2, 1]]);
  assert.equal(thing.size, 3);
});

test('a getter of the class wins over an attribute of the same name', () => {
  const thing = new Thing({ size: 4, double: 'attribute' });
  assert.equal(thing.double, 8);
  assert.equal(thing.attributes['double'], 'attribute');
});

test('a model made from a model is a copy', () => {
  const first = new Thing({ id: 'x', size: 1 });
  const second = new Thing(first);
  second.size = 2;
  assert.equal(first.size, 1);
});

test('a collection repeats what its models say, until they leave', () => {
  const heard: unknown[] = [];
  const things = new Things();
  things.on('add remove change:size', (model: Thing) => heard.push(model.id));
  const thing = things.add({ id: 'x', size: 1 });
  thing.size = 2;
  things.remove('x');
  thing.size = 3;
  assert.deepEqual(heard, ['x', 'x', 'x']);
});

test('a collection keeps one model for an id, whatever names it', () => {
  const things = new Things();
  const thing = things.add({ id: 'x', size: 1 });
  assert.equal(things.add({ id: 'x', size: 9 }), thing);
  assert.equal(things.get({ _serialized: 'x' }), thing);
  assert.equal(things.get(thing), thing);
  assert.equal(things.length, 1);
});

test('a collection without a model is refused', () => {
  assert.throws(() => new Collection(), /Collection initialized without model/);
});
