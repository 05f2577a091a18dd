import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '../../src/api/shapes';
import { summary } from '../../src/model/summary';
import { dayName } from '../../src/model/time';
import { days, follows } from '../../src/model/timeline';

const NOW = new Date('2026-03-10T15:00:00');

function message(id: string, at: string, from_me = false): Message {
  return { wa_message_id: id, from_me, type: 'text', body: id, at: new Date(at).toISOString(), ack: 1 };
}

test('messages stand by days, and those of one breath stand together', () => {
  const messages = [
    message('A', '2026-03-09T23:59:00'),
    message('B', '2026-03-10T00:01:00'),
    message('C', '2026-03-10T00:02:00'),
    message('D', '2026-03-10T00:03:00', true),
    message('E', '2026-03-10T09:00:00', true),
  ];
  const shown = days(messages, NOW);
  const drawn = shown.map((day) => [
    day.name,
    day.messages.map((one, place) => `${one.body}${follows(day.messages[place - 1], one) ? '+' : ''}`).join(' '),
  ]);
  assert.deepEqual(drawn, [['Yesterday', 'A'], ['Today', 'B C+ D E']]);
  assert.equal(follows({ ...messages[1]!, author: '1' }, { ...messages[2]!, author: '2' }), false, 'somebody else in the group');
});

test('days that have not changed are the same objects', () => {
  const messages = [message('A', '2026-03-09T10:00:00'), message('B', '2026-03-10T10:00:00')];
  const before = days(messages, NOW);
  const after = days([...messages, message('C', '2026-03-10T11:00:00')], NOW, before);
  assert.deepEqual([after[0] === before[0], after[1] === before[1]], [true, false]);
  const tomorrow = days(messages, new Date('2026-03-11T01:00:00'), before);
  assert.deepEqual(tomorrow.map(({ name }) => name).at(-1), 'Yesterday');
  const back = days([...messages, message('D', '2026-03-09T11:00:00')], NOW, before);
  assert.equal(new Set(back.map(({ key }) => key)).size, 3, 'a clock that went back gives no key twice');
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
