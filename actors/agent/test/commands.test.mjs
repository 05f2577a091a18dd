// What becomes of a send, on a page whose parts answer as they are told to.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { build } from 'esbuild';

const { outputFiles } = await build({
  entryPoints: [new URL('../src/commands.ts', import.meta.url).pathname],
  bundle: true,
  format: 'esm',
  write: false,
});
const { lookUp, lookUpMany, send } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
);

const CHAT = '5511912345678@c.us';
const whole = { lacks: () => [] };
const order = (id, deadline_ms = 5_000) => ({ chat: CHAT, id, text: 'Oi', preview: false, deadline_ms });

/** A linked page with these messages of ours; `sends` is what wa-js makes of a text. */
function page(acks, sends = () => assert.fail('nothing is to be sent')) {
  const wid = { user: '5511912345678', server: 'c.us', isGroup: () => false, isLid: () => false, toString: () => CHAT };
  const messages = Object.entries(acks).map(([id, ack]) => ({ id: { id, fromMe: true, remote: wid }, ack }));
  globalThis.WPP = {
    isInjected: true,
    isFullReady: true,
    conn: {
      isAuthenticated: () => true,
      getStreamData: () => ({ mode: 'MAIN' }),
      getMyUserWid: () => wid,
      getMyUserLid: () => undefined,
    },
    chat: {
      sendTextMessage: (_chat, _text, { messageId }) => sends(messages, { id: messageId, ack: 0 }),
      getMessageById: () => Promise.reject(Object.assign(new Error('none'), { code: 'msg_not_found' })),
    },
    whatsapp: {
      WidFactory: { createWid: () => wid },
      MsgKey: class {
        constructor({ to, id }) {
          Object.assign(this, { id, fromMe: true, remote: to });
        }
      },
      ChatStore: { get: () => ({ id: wid }) },
      MsgStore: { getModelsArray: () => messages },
    },
  };
}

afterEach(() => delete globalThis.WPP);

/** wa-js' answer once the server has spoken. */
const answered = (ack, messageSendResult) => async (messages, message) => {
  messages.push({ ...message, ack });
  return { ack, sendMsgResult: { messageSendResult } };
};

const outcomes = [
  ['the server takes', answered(1, 'OK'), 'sent'],
  ['the server refuses', answered(-1, 'ERROR_UNKNOWN'), 'rejected'],
  ['nobody has answered', answered(0, 'ERROR_NETWORK'), 'unknown'],
  ['wa-js stumbles over once the page has it', async (messages, message) => {
    messages.push(message);
    throw new Error('a part is missing');
  }, 'unknown'],
  ['wa-js refuses before the page has it', () => Promise.reject(new Error('no such chat')), 'not_sent'],
  ['wa-js never comes back with', () => new Promise(() => {}), 'unknown'],
];
for (const [what, sends, outcome] of outcomes) {
  test(`a message that ${what} is ${outcome}`, async () => {
    page({}, sends);
    assert.equal((await send(order('A', 200), whole)).outcome, outcome);
  });
}

test('a refusal has the word of WhatsApp Web', async () => {
  page({}, answered(-1, 'ERROR_UNKNOWN'));
  const { code, detail } = await send(order('A'), whole);
  assert.equal(code, 'rejected');
  assert.match(detail, /ERROR_UNKNOWN/);
});

test('a message that the page has is never sent again, and never called surely not sent', async () => {
  for (const [ack, outcome] of [[2, 'sent'], [0, 'unknown'], [-1, 'rejected'], [-2, 'rejected']]) {
    page({ A: ack });
    assert.equal((await send(order('A', 100), whole)).outcome, outcome, `ack ${ack}`);
  }
});

test('a page that cannot say what it has may have it', async () => {
  page({}, async () => {
    WPP.whatsapp.MsgStore.getModelsArray = () => { throw new Error('gone'); };
    throw new Error('a part is missing');
  });
  assert.equal((await send(order('A'), whole)).outcome, 'unknown');
});

test('a look-up gives the ack as it is', async () => {
  page({ A: 3, B: -1, C: 0 });
  const asked = ['A', 'B', 'C', 'D'];
  const one = await Promise.all(asked.map((id) => lookUp({ chat: CHAT, id })));
  assert.deepEqual(one.map(({ found }) => found), [3, -1, 0, null]);
  const messages = asked.map((id) => ({ chat: CHAT, id }));
  assert.deepEqual((await lookUpMany({ messages, deadline_ms: 1_000 })).found, [3, -1, 0, null]);
});
