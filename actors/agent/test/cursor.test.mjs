// What counts as missed after a crash.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { build } from 'esbuild';

const { outputFiles } = await build({
  entryPoints: [new URL('../src/cursor.ts', import.meta.url).pathname],
  bundle: true,
  format: 'esm',
  write: false,
});
const { Cursor } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
);

function storage() {
  const kept = new Map();
  const here = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
  return () => here;
}

const received = (id, sent_at_s) => ({ kind: 'received', id, sent_at_s });

test('a page that was never linked has missed nothing: all is history', () => {
  assert.equal(new Cursor(storage()).missed('a', 100), false);
});

test('what the engine has not taken is missed by the next page, what it has taken is not', () => {
  const kept = storage();
  const cursor = new Cursor(kept);
  cursor.begin(100);
  cursor.report('taken');
  cursor.report('lost');
  cursor.report('same second');
  cursor.advance([received('taken', 101), { kind: 'linked' }]);
  assert.equal(cursor.missed('lost', 102), false, 'this page has told it');
  const next = new Cursor(kept);
  assert.equal(next.missed('old', 99), false);
  assert.equal(next.missed('taken', 101), false);
  assert.equal(next.missed('same second', 101), true);
  assert.equal(next.missed('lost', 102), true);
});

test('a storage that cannot be used loses no more than the cursor', () => {
  const cursor = new Cursor(() => {
    throw new Error('forbidden');
  });
  cursor.begin(1);
  cursor.advance([received('a', 2)]);
  assert.equal(cursor.missed('b', 3), false);
});
