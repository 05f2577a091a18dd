// The event log alone: numbering, acknowledging, overflow, and the way over a navigation.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { build } from 'esbuild';

const { outputFiles } = await build({
  entryPoints: [new URL('../src/events.ts', import.meta.url).pathname],
  bundle: true,
  format: 'esm',
  write: false,
});
const { BOUND, EventLog } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
);

function outlet() {
  const kept = new Map();
  const pushed = [];
  return {
    pushed,
    listening: true,
    push() {
      return this.listening ? (json) => pushed.push(JSON.parse(json)) : undefined;
    },
    storage: () => ({
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => kept.set(key, value),
      removeItem: (key) => kept.delete(key),
    }),
  };
}

/** What is left of page `a` once the engine has everything up to `n`. */
function taken(log, n) {
  log.acknowledge('a', n);
  return log.waiting(10);
}

const acked = (id) => ({ kind: 'acked', id, ack: 1 });

test('an event is pushed at once and kept until it is acknowledged', () => {
  const out = outlet();
  const log = new EventLog('a', out);
  log.add(acked('1'));
  log.add(acked('2'));
  assert.deepEqual(
    out.pushed.map(({ page, n }) => [page, n]),
    [
      ['a', 1],
      ['a', 2],
    ],
  );
  assert.deepEqual(
    taken(log, 1).map(({ n }) => n),
    [2],
  );
  assert.deepEqual(taken(log, 2), []);
});

test('what happens while nobody listens is there for whoever asks later', () => {
  const out = outlet();
  out.listening = false;
  const log = new EventLog('a', out);
  for (let n = 1; n <= 3; n += 1) log.add(acked(String(n)));
  assert.deepEqual(out.pushed, []);
  assert.deepEqual(
    log.waiting(2).map(({ n }) => n),
    [1, 2],
  );
});

test('an answer has as many events as fit, and the rest comes with the next ones', () => {
  const log = new EventLog('a', outlet());
  const long = (n) => ({ kind: 'received', id: String(n), text: '\u0436'.repeat(65_536) });
  for (let n = 1; n <= 60; n += 1) log.add(long(n));
  const told = [];
  for (;;) {
    const batch = log.waiting(200);
    if (batch.length === 0) break;
    assert.ok(JSON.stringify(batch).length < 600_000, `${batch.length} events are too many`);
    told.push(...batch.map(({ n }) => n));
    log.acknowledge('a', told.at(-1));
  }
  assert.deepEqual(told, Array.from({ length: 60 }, (_, n) => n + 1));
});

test('one event that fills an answer comes alone', () => {
  const log = new EventLog('a', outlet());
  for (const text of ['x'.repeat(2_000_000), 'y']) log.add({ kind: 'received', id: '1', text });
  assert.deepEqual(log.waiting(200).map(({ n }) => n), [1]);
});

test('what an earlier page left is covered by what came after it', () => {
  const out = outlet();
  const before = new EventLog('a', out);
  before.add(acked('1'));
  before.carryOver();
  const after = new EventLog('b', out);
  after.add(acked('2'));
  after.add(acked('3'));
  after.acknowledge('b', 1);
  assert.deepEqual(
    after.waiting(10).map(({ page, n }) => [page, n]),
    [['b', 2]],
  );
});

test('a navigation hands on what was not acknowledged, once', () => {
  const out = outlet();
  const before = new EventLog('a', out);
  before.add(acked('1'));
  before.add({ kind: 'logged_out', reason: 'phone' });
  before.acknowledge('a', 1);
  before.carryOver();
  const after = new EventLog('b', out);
  after.add(acked('3'));
  assert.deepEqual(
    after.waiting(10).map(({ page, n }) => [page, n]),
    [
      ['a', 2],
      ['b', 1],
    ],
  );
  after.acknowledge('a', 2);
  assert.deepEqual(new EventLog('c', out).waiting(10), []);
});

test('a full log says so once and goes on', () => {
  const out = outlet();
  const log = new EventLog('a', out);
  for (let n = 0; n <= BOUND; n += 1) log.add(acked(String(n)));
  const [first, second] = log.waiting(10);
  assert.deepEqual(first.event, { kind: 'overflow', before: BOUND + 1 });
  assert.deepEqual(second.event, acked(String(BOUND)));
});
