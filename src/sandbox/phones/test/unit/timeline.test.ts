import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '../../src/api/shapes';
import { summary } from '../../src/model/summary';
import { dayName } from '../../src/model/time';
import { timeline } from '../../src/model/timeline';

const NOW = new Date('2026-03-10T15:00:00');

function message(id: string, at: string, from_me = false): Message {
  return { wa_message_id: id, from_me, type: 'text', body: id, at: new Date(at).toISOString(), ack: 1 };
}

test('days stand above their messages, and messages of one breath stand together', () => {
  const lines = timeline(
    [
      message('A', '2026-03-09T23:59:00'),
      message('B', '2026-03-10T00:01:00'),
      message('C', '2026-03-10T00:02:00'),
      message('D', '2026-03-10T00:03:00', true),
      message('E', '2026-03-10T09:00:00', true),
    ],
    NOW,
  );
  const drawn = lines.map((line) => (line.kind === 'day' ? line.name : `${line.message.body}${line.follows ? '+' : ''}`));
  assert.deepEqual(drawn, ['Yesterday', 'A', 'Today', 'B', 'C+', 'D', 'E']);
});

test('days have names', () => {
  assert.equal(dayName(new Date('2026-03-10T00:00:00').toISOString(), NOW), 'Today');
  assert.equal(dayName(new Date('2026-03-09T00:00:00').toISOString(), NOW), 'Yesterday');
  assert.match(dayName(new Date('2026-03-08T23:59:00').toISOString(), NOW), /2026/);
});

test('every message has a summary', () => {
  const text = message('hello', '2026-03-10T00:01:00');
  assert.equal(summary(text), 'hello');
  assert.match(summary({ ...text, type: 'image', body: '' }), /Picture/);
  assert.equal(summary({ ...text, type: 'novelty', body: '' }), '[novelty]');
});
