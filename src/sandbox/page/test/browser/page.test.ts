import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import jsqr from 'jsqr';
import { ask, open, until, type Client } from './browser';
import { TestServer } from './server';

declare const PAGE_ROOT: string;

const PEER = '5511900000002@c.us';
const READY = "WPP.conn.isAuthenticated() && WPP.whatsapp.Stream.mode === 'MAIN' && WPP.isFullReady";
/** Where to leave screenshots; none are taken without it. */
const SHOTS = process.env['SCREENSHOTS'];

const profile = mkdtempSync(join(tmpdir(), 'sandbox-profile-'));
const server = new TestServer(join(PAGE_ROOT, 'dist'));
let client: Client;

before(async () => {
  await server.listen();
  client = await open(profile, server.chromiumArgs());
});

after(async () => {
  await client.close();
  server.close();
  rmSync(profile, { recursive: true, force: true });
});

const shot = (name: string) => (SHOTS ? client.page.screenshot({ path: join(SHOTS, `${name}.png`) }) : undefined);
const wppReady = () => until('wa-js is ready', () => ask(client, 'window.WPP?.isReady'));
const ready = () => until('the page is ready to send', () => ask(client, READY));
const has = (name: string, matches: (data: any) => boolean = () => true) =>
  client.events.some((event) => event.name === name && matches(event.data));
const heard = (name: string, matches?: (data: any) => boolean) => until(name, () => has(name, matches));
const send = (body: string, options = '{}') =>
  ask<any>(client, `WPP.chat.sendTextMessage('${PEER}', '${body}', ${options})`);
const authCode = () => ask<string | null>(client, 'WPP.conn.getAuthCode().then((code) => code?.fullCode ?? null)');
const shownCode = () => ask<string>(client, "document.querySelector('[data-ref] canvas')?.parentElement.dataset.ref");

/** Reads the canvas as a phone's camera would. */
async function cameraReads(): Promise<string | undefined> {
  const image = await ask<{ width: number; height: number; data: number[] }>(client, `(() => {
    const canvas = document.querySelector('[data-ref] canvas');
    const { width, height, data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return { width, height, data: Array.from(data) };
  })()`);
  assert.ok(image);
  const decode = (jsqr as any).default ?? jsqr;
  return decode(new Uint8ClampedArray(image.data), image.width, image.height)?.data;
}

test('an unlinked page asks to be linked, and its code can be read', async () => {
  await wppReady();
  const code = await until('an auth code', authCode);
  assert.equal(code.split(',').length, 4);
  assert.equal(await shownCode(), code);
  assert.equal(await cameraReads(), code);
  await heard('conn.require_auth');
  assert.equal(await ask(client, 'WPP.conn.isAuthenticated()'), false);
  await shot('linking');
});

test('the code renews, runs out, and comes back on request', async () => {
  const first = await shownCode();
  server.refMs = 150;
  await ask(client, 'WPP.whatsapp.Cmd.refreshQR()');
  const renewed = await until('another code', async () => {
    const code = await shownCode();
    return code !== first ? code : undefined;
  });
  assert.notEqual(renewed, first);
  // The time for each code came with the greeting: a reload brings the short one.
  await client.page.reload();
  await heard('conn.qrcode_idle');
  assert.equal(await shownCode(), undefined);
  server.refMs = 20_000;
  await client.page.reload();
  await wppReady();
  await until('a code', shownCode);
});

test('a scan links the page, and it becomes ready', async () => {
  client.events.length = 0;
  server.scan(await until('an auth code', authCode));
  await heard('conn.authenticated');
  await heard('conn.stream_mode_changed', (mode) => mode === 'MAIN');
  await ready();
  assert.equal(await ask(client, 'String(WPP.conn.getMyUserId())'), server.me.pn);
  assert.equal(await authCode(), null);
});

test('a text goes out under the id that the caller chose, and its acks come in', async () => {
  const key = `true_${PEER}_3EB0FEEDFACE0000000001`;
  const result = await send('Hello from the page', `{ messageId: '${key}' }`);
  assert.equal(result.id, key);
  assert.equal(result.sendMsgResult.messageSendResult, 'OK');
  for (const ack of [1, 2, 3]) {
    await heard('chat.msg_ack_change', (data) => data.ack === ack && data.ids.includes(key));
  }
  assert.equal(server.deliveries.find((delivery) => delivery.id === '3EB0FEEDFACE0000000001')?.times, 1);
  assert.equal(await ask(client, `WPP.chat.getMessageById('${key}').then((msg) => msg.ack)`), 3);
});

test('a number that is not on WhatsApp has no chat', async () => {
  assert.equal(await ask(client, "WPP.contact.queryExists('0005511@c.us')"), null);
  assert.equal(await ask(client, `WPP.contact.queryExists('${PEER}').then((found) => String(found.wid))`), PEER);
  await assert.rejects(client.page.evaluate("WPP.chat.sendTextMessage('0005511@c.us', 'x')"));
});

test('the about text is asked anew each time', async () => {
  assert.equal(await ask(client, `WPP.contact.getStatus('${server.me.pn}')`), 'Available');
});

test('an inbound text is reported and shown', async () => {
  const id = server.inbound(PEER, 'Hello back <b>you</b>');
  await heard('chat.new_message', (msg) => msg.id === `false_${PEER}_${id}` && msg.body.startsWith('Hello back'));
  await until('the text on the page', () => ask(client, "document.body.innerText.includes('<b>you</b>')"));
  assert.equal(await ask(client, `WPP.chat.get('${PEER}').unreadCount`), 1);
  await ask(client, `WPP.chat.markIsRead('${PEER}')`);
  await until('seen', () => server.notices.some((notice) => notice.t === 'seen' && notice['id'] === PEER));
  await shot('linked');
});

test('what is sent without a connection waits, and leaves once under the same id', async () => {
  const key = `true_${PEER}_3EB0FEEDFACE0000000002`;
  server.refusing = true;
  server.dropSockets();
  await heard('conn.stream_mode_changed', (mode) => mode === 'OFFLINE');
  const sent = send('Patience', `{ messageId: '${key}' }`);
  await until('the message at ack 0', () => ask(client, `WPP.whatsapp.MsgStore.get('${key}')?.ack === 0`));
  assert.equal(server.deliveries.some((delivery) => delivery.body === 'Patience'), false);
  server.refusing = false;
  assert.equal((await sent).sendMsgResult.messageSendResult, 'OK');
  await heard('chat.msg_ack_change', (data) => data.ack === 3 && data.ids.includes(key));
  assert.equal(server.deliveries.find((delivery) => delivery.body === 'Patience')?.times, 1);
  await ready();
});

test('a lost acknowledgement is asked for again, and nothing is delivered twice', async () => {
  const key = `true_${PEER}_3EB0FEEDFACE0000000003`;
  server.dropAcks = true;
  const sent = send('Once', `{ messageId: '${key}' }`);
  await until('delivery', () => server.deliveries.some((delivery) => delivery.body === 'Once'));
  server.dropAcks = false;
  server.dropSockets();
  assert.equal((await sent).sendMsgResult.messageSendResult, 'OK');
  await heard('chat.msg_ack_change', (data) => data.ack === 1 && data.ids.includes(key));
  assert.deepEqual(server.deliveries.filter((delivery) => delivery.body === 'Once').map((one) => one.times), [2]);
});

test('what came while the connection was down is reported after it', async () => {
  server.refusing = true;
  server.dropSockets();
  const id = server.inbound(PEER, 'Are you there?');
  server.refusing = false;
  await heard('chat.new_message', (msg) => msg.id === `false_${PEER}_${id}`);
});

test('a reload stays linked and still knows the old messages', async () => {
  client.events.length = 0;
  await client.page.reload();
  await ready();
  for (const tail of ['1', '2']) {
    const key = `true_${PEER}_3EB0FEEDFACE000000000${tail}`;
    assert.equal(await ask(client, `WPP.chat.getMessageById('${key}').then((msg) => msg.ack)`), 3);
  }
  assert.equal(has('chat.new_message'), false, 'history is no news');
  assert.equal(has('conn.authenticated'), false, 'as on the real page');
});

test('a restarted profile stays linked, and reports what came in the meantime', async () => {
  const errors = client.errors;
  await client.close();
  const id = server.inbound(PEER, 'While you were away');
  client = await open(profile, server.chromiumArgs());
  client.errors.push(...errors);
  await ready();
  await heard('chat.new_message', (msg) => msg.id === `false_${PEER}_${id}`);
  assert.equal(client.events.filter((event) => event.name === 'chat.new_message').length, 1);
});

test('a killed browser is still linked when it comes back', async () => {
  const errors = client.errors;
  client.browser.process()?.kill('SIGKILL');
  client = await open(profile, server.chromiumArgs());
  client.errors.push(...errors);
  await ready();
});

test('a logout from the phone brings back the QR code', async () => {
  client.events.length = 0;
  server.logOut();
  await heard('conn.logout_reason', (reason) => reason === 'unknown_companion');
  await heard('conn.logout');
  await until('a QR code after the navigation', async () => (await ask(client, 'location.search'))?.toString().includes('post_logout') && shownCode());
  await wppReady();
  assert.equal(await ask(client, 'WPP.conn.isAuthenticated()'), false);
});

test('a logout from the page does the same', async () => {
  server.scan(await until('an auth code', authCode));
  await ready();
  assert.equal(await ask(client, 'WPP.conn.logout()'), true);
  assert.equal(server.token, undefined);
  await until('a QR code', shownCode);
});

test('the page never complained', () => {
  assert.deepEqual(client.errors, []);
});
