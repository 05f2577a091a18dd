import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refused } from '../../src/api/call';
import { learn, NOTHING_YET, type World } from '../../src/api/watch';
import type { Message } from '../../src/api/shapes';
import { FAULTS, faultRequest } from '../../src/model/faults';
import { keepEqual } from '../../src/model/keep-equal';
import { initials, nextName, nextNumber, printedNumber, typedNumber } from '../../src/model/person';
import { DESK_MAX, readRoute, withPhone, withoutPhone, writeRoute } from '../../src/model/route';

const ANA = '5511900000001';
const BEN = '5511987654321';

test('what has not changed stays the same object', () => {
  const one = { wa_message_id: 'A', body: 'x', ack: 1 };
  const two = { wa_message_id: 'B', body: 'y', ack: 1 };
  const before = { peer: BEN, messages: [one, two] };
  assert.equal(keepEqual(before, structuredClone(before)), before);
  const after = keepEqual(before, { peer: BEN, messages: [{ ...two }, { wa_message_id: 'C', body: 'z', ack: 1 }] });
  assert.equal(after.messages[0], two, 'found at another place');
  assert.equal(after.messages[1]?.body, 'z');
  const acked = keepEqual(before, { peer: BEN, messages: [{ ...one, ack: 2 }, { ...two }] });
  assert.deepEqual([acked.messages[0]?.ack, acked.messages[1]], [2, two]);
  const shorter = keepEqual({ a: 1, b: 2 } as { a: number; b?: number }, { a: 1 });
  assert.deepEqual(shorter, { a: 1 });
});

test('an event replaces one part of the world alone', () => {
  const empty: World = { ...NOTHING_YET, live: true };
  const message = { wa_message_id: 'A', from_me: true, body: 'hi', ack: 1 } as Message;
  const chat = { peer: BEN, name: 'Ben', unread: 0, messages: [message] };
  const world = learn(empty, 'chat', { phone: ANA, data: chat });
  const read = learn(world, 'chat', { phone: ANA, data: { ...chat, messages: [{ ...message, ack: 3 }] } });
  assert.equal(read.open[`${ANA}/${BEN}`]?.messages[0]?.ack, 3);
  assert.equal(read.chats, world.chats);
  assert.deepEqual(learn(read, 'chats', { phone: ANA, data: null }).chats[ANA], []);
});

test('the desk is kept in the address', () => {
  const desk = [{ phone: ANA, peer: BEN }, { phone: BEN }];
  assert.deepEqual(readRoute(writeRoute(desk)), desk);
  assert.deepEqual(readRoute(writeRoute([{ phone: ANA, peer: '120363000000000001@g.us' }]))[0]?.peer, '120363000000000001@g.us');
  for (const nonsense of ['', '#', '#x=1', '#%', `#${ANA.slice(0, 5)}=`]) assert.deepEqual(readRoute(nonsense), []);
  assert.deepEqual(readRoute(`#${ANA}=<script>&${ANA}=${BEN}`), [{ phone: ANA }], 'nonsense is no chat, and a phone lies there once');
});

test('phones are put on the desk once, and taken away', () => {
  const desk = withPhone(withPhone([], ANA), BEN);
  assert.deepEqual(withPhone(desk, ANA, BEN), [{ phone: ANA, peer: BEN }, { phone: BEN }]);
  assert.deepEqual(withoutPhone(desk, ANA), [{ phone: BEN }]);
  let full = desk;
  for (let n = 0; n < 20; n += 1) full = withPhone(full, String(5511900000100 + n));
  assert.equal(full.length, DESK_MAX);
  assert.equal(full.at(-1)?.phone, '5511900000119');
});

test('numbers and names as people write them', () => {
  const typed: [string, string | undefined][] = [
    ['+55 (11) 98765-4321', BEN], ['55.11/98765 4321', BEN], ['1234567', undefined], ['ana', undefined],
    ['1234567890123456', undefined],
  ];
  for (const [text, digits] of typed) assert.equal(typedNumber(text), digits, text);
  assert.equal(printedNumber(BEN), '+55 119 8765 4321');
  assert.equal(printedNumber('1203@g.us'), '1203@g.us');
  assert.deepEqual(['Ana Souza', 'ana', 'Phone 5511900000042', '', '🙂', 'Ana de Souza'].map(initials),
    ['AS', 'A', '42', '#', '#', 'AS']);
  assert.equal(nextNumber([ANA]), '5511900000002');
  assert.ok(!['Ana Souza', 'Bruno Lima'].includes(nextName(['Ana Souza', 'Bruno Lima'])));
});

test('a refusal says which field is wrong', () => {
  const problem = { detail: '/to: must be digits', errors: [{ pointer: '/to', code: 'invalid_phone', detail: 'must be digits' }] };
  const error = refused(422, JSON.stringify(problem));
  assert.deepEqual([error.message, error.fields], ['to must be digits', { to: 'must be digits' }]);
  assert.equal(refused(404, '{"detail":"there is no such phone"}').message, 'there is no such phone');
  for (const text of ['', 'null', '<html>']) assert.equal(refused(502, text).message, 'The sandbox answered 502.');
});

test('a fault is asked for with the numbers that it looks at', () => {
  const numbers = { count: 3, afterMs: 200, forMs: 1_000, percent: 100, module: 'WAWebCmd', skewMs: -5 };
  const request = (kind: string) => faultRequest(FAULTS.find((fault) => fault.kind === kind)!, ANA, numbers);
  assert.deepEqual(request('drop_ack'), { kind: 'drop_ack', phone: ANA, count: 3, after_ms: 200 });
  assert.deepEqual(request('socket_drop'), { kind: 'socket_drop', phone: ANA, after_ms: 200, for_ms: 1_000 });
  assert.deepEqual(faultRequest(FAULTS.find(({ kind }) => kind === 'logout')!, ANA, { ...numbers, afterMs: 0 }),
    { kind: 'logout', phone: ANA });
  assert.deepEqual(request('module_missing'), { kind: 'module_missing', count: 3, after_ms: 200, module: 'WAWebCmd' });
  assert.deepEqual(request('clock_skew'), { kind: 'clock_skew', after_ms: 200, for_ms: 1_000, skew_ms: -5 });
  assert.deepEqual(faultRequest(FAULTS.find(({ kind }) => kind === 'rate_limit')!, ANA, { ...numbers, afterMs: 0, percent: 25 }),
    { kind: 'rate_limit', phone: ANA, count: 3, probability: 0.25 });
});
