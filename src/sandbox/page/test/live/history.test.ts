/** A page that is linked to a phone with a long past, on a sandbox that runs. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { LinkedPage, Person } from './sandbox';

const MESSAGES = 10_000;
/** From the greeting to a page that has all of it, in its own time: some 2 s alone on two cores, and here beside others. */
const WITHIN_MS = 20_000;

const maria = new Person('5511900000301', 'Maria');
const page = new LinkedPage();
after(() => page.close());

test('10,000 messages of the past are in the page when it is ready, and it stayed alive', async (context) => {
  await maria.create();
  const made = await maria.do('history', { messages: MESSAGES, chats: 40 });
  assert.ok(made.messages >= MESSAGES);
  await page.start();
  const code = await page.authCode();
  // Notes when the page begins to sync and when it has, and its longest pause.
  await page.ask(`(() => {
    const { Socket } = require('WAWebSocketModel');
    const noted = window.noted = { longest: 0 };
    Socket.on('change:stream', (_socket, stream) => { noted[stream] ??= performance.now(); });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) noted.longest = Math.max(noted.longest, entry.duration);
    }).observe({ entryTypes: ['longtask'] });
  })()`);
  await maria.do('scan', { code });
  await page.ready();
  const { held, took, longest } = (await page.ask<{ held: number; took: number; longest: number }>(`({
    held: WPP.whatsapp.MsgStore.length, took: noted.CONNECTED - noted.SYNCING, longest: noted.longest,
  })`)) ?? { held: 0, took: Infinity, longest: Infinity };
  context.diagnostic(`${held} messages in ${Math.round(took)} ms, longest pause ${Math.round(longest)} ms`);
  assert.ok(held >= MESSAGES, `${held} messages`);
  assert.ok(took < WITHIN_MS, `${took} ms`);
  assert.equal(page.has('chat.new_message'), false, 'history is no news');
});

test('clients read it in order, from the latest to the first', async () => {
  const times = await page.ask<number[][]>(`(async () => {
    const chats = WPP.whatsapp.ChatStore.getModelsArray().filter((chat) => chat.msgs.length > 60).slice(0, 3);
    return Promise.all(chats.map(async (chat) =>
      (await WPP.chat.getMessages(chat.id, { count: -1 })).map((msg) => msg.t)));
  })()`);
  assert.ok(times?.length);
  for (const list of times) {
    assert.ok(list.length > 60);
    assert.deepEqual(list, [...list].sort((left, right) => left - right));
  }
  await page.shot('history');
});

test('a reload has it again, and none of it is news', async () => {
  page.client.events.length = 0;
  await page.client.page.reload();
  await page.ready();
  assert.ok(((await page.ask<number>('WPP.whatsapp.MsgStore.length')) ?? 0) >= MESSAGES);
  assert.equal(page.has('chat.new_message'), false);
});

test('the page never complained', () => {
  assert.deepEqual(page.errors, []);
});
