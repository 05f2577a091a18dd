// What the page's store says of inbound messages, in answers that are not too large.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { build } from 'esbuild';

const { outputFiles } = await build({
  entryPoints: [new URL('../src/inbound.ts', import.meta.url).pathname],
  bundle: true,
  format: 'esm',
  write: false,
});
const { fetchInbound } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
);

/** A ready page whose database has these texts under their keys. */
function page(texts) {
  const wid = { user: '5511912345678', server: 'c.us' };
  globalThis.WPP = {
    isInjected: true,
    isFullReady: true,
    conn: { isAuthenticated: () => true, getStreamData: () => ({ mode: 'MAIN' }), getMyUserWid: () => wid },
    chat: {
      getMessageById: async (key) => {
        const body = texts.get(key);
        if (body === undefined) throw Object.assign(new Error('none'), { code: 'msg_not_found' });
        return { id: { id: key, fromMe: false, remote: wid }, type: 'chat', body, t: 1_700_000_000 };
      },
    },
  };
}

test('an answer ends when it is full, says how far it came, and the rest comes with the next ones', async () => {
  const keys = Array.from({ length: 50 }, (_, n) => `K${n}`);
  const texts = new Map(keys.map((key) => [key, '\u0436'.repeat(65_536)]));
  // What the page has lost is answered, too: by nothing.
  for (const lost of ['K0', 'K7', 'K49']) texts.delete(lost);
  page(texts);
  const told = [];
  for (let rest = keys; rest.length > 0; ) {
    const { messages, answered } = await fetchInbound({ keys: rest });
    assert.ok(answered > 0 && JSON.stringify(messages).length < 600_000);
    told.push(...messages.map(({ id }) => id));
    rest = rest.slice(answered);
  }
  assert.deepEqual(told, [...texts.keys()]);
});

test('one message that fills an answer comes alone', async () => {
  page(new Map([['K0', 'x'.repeat(2_000_000)], ['K1', 'y']]));
  const { messages, answered } = await fetchInbound({ keys: ['K0', 'K1'] });
  assert.deepEqual([messages.length, answered], [1, 1]);
});
