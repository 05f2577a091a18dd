/**
 * From the QR code to a page that is ready, over broken connections, reloads and killed browsers to the logout: the
 * page in Chromium, with the unmodified wa-js, on a sandbox that runs and shows each code for a few seconds.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import jsqr from 'jsqr';
import { until } from './browser';
import { LinkedPage, Person, control } from './sandbox';

const maria = new Person('5511900000201', 'Maria');
const anna = new Person('5511900000202', 'Anna');
const page = new LinkedPage();

before(async () => {
  await maria.create();
  await anna.create();
  await page.start();
});
after(() => page.close());

const key = (id: string) => `true_${anna.id}_${id}`;
const send = (body: string, id: string) =>
  page.ask(`WPP.chat.sendTextMessage('${anna.id}', '${body}', { messageId: '${key(id)}' })`);
const shownCode = () => page.ask<string>("document.querySelector('[data-ref] canvas')?.parentElement.dataset.ref");
const fault = (kind: string, more: object = {}) => control('POST', '/faults', { kind, phone: maria.number, ...more });
const delivered = async (id: string) =>
  (await control('GET', `/deliveries?phone=${maria.number}&wa_message_id=${id}`)).data as any[];
const acked = (ack: number, id: string) =>
  page.heard('chat.msg_ack_change', (change) => change.ack === ack && change.ids.includes(key(id)));

/** The code that stands beside the canvas, and what a phone's camera would read from the canvas at that very moment. */
async function codeAndPicture(): Promise<{ code: string; read: string }> {
  const shown = await page.ask<{ code: string; width: number; height: number; data: number[] }>(`(() => {
    const canvas = document.querySelector('[data-ref] canvas');
    const { width, height, data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return { code: canvas.parentElement.dataset.ref, width, height, data: Array.from(data) };
  })()`);
  assert.ok(shown);
  const decode = (jsqr as any).default ?? jsqr;
  return { code: shown.code, read: decode(new Uint8ClampedArray(shown.data), shown.width, shown.height)?.data };
}

test('an unlinked page asks to be linked, and its code can be read', async () => {
  assert.equal((await page.authCode()).split(',').length, 4);
  const { code, read } = await codeAndPicture();
  assert.equal(read, code);
  await page.heard('conn.require_auth');
  assert.equal(await page.ask('WPP.conn.isAuthenticated()'), false);
  await page.shot('linking');
});

test('the code renews', async () => {
  const first = await shownCode();
  await until('another code', async () => {
    const code = await shownCode();
    return code && code !== first;
  });
});

test('a scan links the page, and it becomes ready', async () => {
  await maria.do('scan', { code: await page.authCode() });
  await page.heard('conn.authenticated');
  await page.heard('conn.stream_mode_changed', (mode) => mode === 'MAIN');
  await page.ready();
  assert.equal(await page.ask('String(WPP.conn.getMyUserId())'), maria.id);
  assert.equal(await page.ask('WPP.conn.getAuthCode()'), null);
});

test('a text goes out under the id that the caller chose, and its acks come in', async () => {
  const id = '3EB0FEEDFACE0000000001';
  const result = await send('Hello from the page', id);
  assert.equal(result.id, key(id));
  assert.equal(result.sendMsgResult.messageSendResult, 'OK');
  await acked(1, id);
  await acked(2, id);
  await anna.do('read', { from: maria.number });
  await acked(3, id);
  assert.equal((await delivered(id)).length, 1);
  assert.equal(await page.ask(`WPP.chat.getMessageById('${key(id)}').then((msg) => msg.ack)`), 3);
});

test('a number that is not on WhatsApp has no chat', async () => {
  assert.equal(await page.ask("WPP.contact.queryExists('0005511@c.us')"), null);
  await assert.rejects(page.client.page.evaluate("WPP.chat.sendTextMessage('0005511@c.us', 'x')"));
});

test('an inbound text is reported and shown', async () => {
  const id = await anna.write(maria.number, { type: 'text', text: { body: 'Hello back <b>you</b>' } });
  await page.heard('chat.new_message', (msg) => msg.id === `false_${anna.id}_${id}`);
  await until('the text on the page', () => page.ask("document.body.innerText.includes('<b>you</b>')"));
  assert.equal(await page.ask(`WPP.chat.get('${anna.id}').unreadCount`), 1);
  await page.ask(`WPP.chat.markIsRead('${anna.id}')`);
  await until('no unread message', () => page.ask(`WPP.chat.get('${anna.id}').unreadCount === 0`));
});

test('what is sent without a connection waits, and leaves once under the same id', async () => {
  const id = '3EB0FEEDFACE0000000002';
  await fault('socket_drop', { for_ms: 600_000 });
  await page.heard('conn.stream_mode_changed', (mode) => mode === 'OFFLINE');
  const sent = send('Patience', id);
  await until('the message at ack 0', () => page.ask(`WPP.whatsapp.MsgStore.get('${key(id)}')?.ack === 0`));
  assert.deepEqual(await delivered(id), []);
  // What came in the meantime is reported after it.
  const missed = await anna.write(maria.number, { type: 'text', text: { body: 'Are you there?' } });
  await control('DELETE', '/faults');
  assert.equal((await sent).sendMsgResult.messageSendResult, 'OK');
  await acked(2, id);
  assert.equal((await delivered(id)).length, 1);
  await page.ready();
  await page.heard('chat.new_message', (msg) => msg.id === `false_${anna.id}_${missed}`);
});

test('a lost acknowledgement is asked for again, and nothing is delivered twice', async () => {
  const id = '3EB0FEEDFACE0000000003';
  await fault('drop_ack');
  const sent = send('Once', id);
  await until('delivery', async () => (await delivered(id)).length === 1);
  await fault('socket_drop', { for_ms: 100 });
  assert.equal((await sent).sendMsgResult.messageSendResult, 'OK');
  await acked(1, id);
  assert.equal((await delivered(id)).length, 1);
});

test('a reload stays linked and still knows the old messages', async () => {
  page.client.events.length = 0;
  await page.client.page.reload();
  await page.ready();
  const id = '3EB0FEEDFACE0000000001';
  assert.equal(await page.ask(`WPP.chat.getMessageById('${key(id)}').then((msg) => msg.ack)`), 3);
  assert.equal(page.has('chat.new_message'), false, 'history is no news');
  assert.equal(page.has('conn.authenticated'), false, 'as on the real page');
});

test('a restarted profile stays linked, and reports what came in the meantime', async () => {
  await page.leave();
  const id = await anna.write(maria.number, { type: 'text', text: { body: 'While you were away' } });
  await page.start();
  await page.ready();
  await page.heard('chat.new_message', (msg) => msg.id === `false_${anna.id}_${id}`);
  assert.equal(page.client.events.filter((event) => event.name === 'chat.new_message').length, 1);
});

test('a killed browser is still linked when it comes back', async () => {
  page.client.browser.process()?.kill('SIGKILL');
  await page.start();
  await page.ready();
});

test('a logout from the phone brings back the QR code', async () => {
  page.client.events.length = 0;
  await maria.do('unlink', {});
  await page.heard('conn.logout_reason');
  await page.heard('conn.logout');
  await until('the page has navigated', async () => (await page.ask<string>('location.search'))?.includes('post_logout'));
  await page.authCode();
  assert.equal(await page.ask('WPP.conn.isAuthenticated()'), false);
});

test('a logout from the page does the same', async () => {
  await maria.do('scan', { code: await page.authCode() });
  await page.ready();
  assert.equal(await page.ask('WPP.conn.logout()'), true);
  assert.deepEqual((await control('GET', `/phones/${maria.number}`)).linked, []);
  await until('a QR code', shownCode);
});

test('the page never complained', () => {
  assert.deepEqual(page.errors, []);
});
