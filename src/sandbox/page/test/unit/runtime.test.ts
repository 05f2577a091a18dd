import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RawMessage } from '../../src/protocol';
import { Outbox } from '../../src/runtime/outbox';
import { SeenMessages } from '../../src/runtime/seen';
import { LinkDown } from '../../src/runtime/socket';

const raw = (id: string, t: number, fromMe = false): RawMessage => ({ id, t, fromMe, type: 'chat' });
const text = (id: string) => ({ to: '1@c.us', id, msg: { type: 'chat', body: id } });

/** A connection that a test answers, or breaks, by hand. */
function channel() {
  const asked: { id: string; answer(at: number): void; fail(): void }[] = [];
  const request = (_verb: string, ask: { id: string }) =>
    new Promise((resolve, reject) => {
      asked.push({ id: ask.id, answer: (at) => resolve({ at }), fail: () => reject(new LinkDown('gone')) });
    });
  return { asked, outbox: new Outbox({ request } as never) };
}

test('nothing leaves before the server has accepted the page', async () => {
  const { asked, outbox } = channel();
  const sent = outbox.send(text('a'));
  assert.equal(asked.length, 0);
  outbox.resume();
  asked[0]?.answer(7);
  assert.equal((await sent).at, 7);
});

test('what is unanswered goes out again, in order and under the same id', async () => {
  const { asked, outbox } = channel();
  outbox.resume();
  const both = [outbox.send(text('a')), outbox.send(text('b'))];
  for (const one of asked.splice(0)) one.fail();
  outbox.suspend();
  await Promise.resolve();
  outbox.resume();
  assert.deepEqual(asked.map((one) => one.id), ['a', 'b']);
  asked.forEach((one, index) => one.answer(index));
  assert.deepEqual((await Promise.all(both)).map((answer) => answer.at), [0, 1]);
});

test('a change waits with the message that it changes, and follows it', async () => {
  const { asked, outbox } = channel();
  const both = [outbox.send(text('a')), outbox.submit('edit', 'e', { chat: '1@c.us', id: 'b', fromMe: true, editId: 'e', body: 'x' })];
  assert.equal(asked.length, 0);
  outbox.resume();
  assert.deepEqual(asked.map((one) => one.id), ['a', 'b']);
  asked.forEach((one) => one.answer(1));
  await Promise.all(both);
});

test('the same message handed in twice waits for one answer', () => {
  const { asked, outbox } = channel();
  outbox.resume();
  assert.equal(outbox.send(text('a')), outbox.send(text('a')));
  assert.equal(asked.length, 1);
});

test('an inbound message is news once; what I sent never is', () => {
  const seen = new SeenMessages(undefined, () => undefined);
  assert.equal(seen.isNew(raw('a', 10)), true);
  seen.mark(raw('a', 10));
  assert.equal(seen.isNew(raw('a', 10)), false);
  assert.equal(seen.isNew(raw('b', 10, true)), false);
});

test('what is forgotten counts as reported, not as news', () => {
  const seen = new SeenMessages(undefined, () => undefined);
  for (let t = 0; t < 2001; t += 1) seen.mark(raw(`m${t}`, t));
  assert.equal(seen.isNew(raw('m0', 0)), false);
  assert.equal(seen.isNew(raw('later', 1)), true);
});

test('for a page just linked, all there is counts as history', () => {
  const seen = SeenMessages.after([raw('a', 10), raw('b', 20)], () => undefined);
  assert.equal(seen.isNew(raw('a', 10)), false);
  assert.equal(seen.isNew(raw('c', 21)), true);
});
