/**
 * What wa-js and the page show when something goes wrong on purpose: the page in Chromium, with the unmodified
 * wa-js, on a sandbox that runs (its address is in SANDBOX_URL).
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ask, open, until, type Client } from './browser';

const SANDBOX = process.env['SANDBOX_URL'] ?? '';
const OWN = '5511900000001';
const PEER = '5511900000002@c.us';
const READY = "WPP.conn.isAuthenticated() && WPP.whatsapp.Stream.mode === 'MAIN' && WPP.isFullReady";

const profile = mkdtempSync(join(tmpdir(), 'sandbox-faults-'));
let args: string[];
let client: Client;

async function control(method: string, path: string, body?: object): Promise<any> {
  const answer = await fetch(`${SANDBOX}/_/api${path}`, {
    method, ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return answer.status === 204 ? undefined : answer.json();
}

const fault = (kind: string, more: object = { phone: OWN }) => control('POST', '/faults', { kind, ...more });
/** Longer than any test: such a fault lasts until it is cleared, however slow the machine. */
const LASTING = { phone: OWN, for_ms: 600_000 };
const clear = () => control('DELETE', '/faults');
const linked = async () => (await control('GET', `/phones/${OWN}`)).linked.length > 0;
const ready = () => until('the page is ready to send', () => ask(client, READY), 20_000);
const socketState = () => ask<string>(client, 'WPP.whatsapp.Socket.state');
/** Sends a text; answers what wa-js says, or its error. */
const send = (body: string) => ask<any>(client, `WPP.chat.sendTextMessage('${PEER}', '${body}').then(
  (sent) => ({ result: sent.sendMsgResult.messageSendResult, ack: sent.ack, id: sent.id }),
  (error) => ({ error: String(error) }))`);

const authCode = () => until('an auth code', () => ask<string | null>(
  client, 'window.WPP?.isReady && WPP.conn.getAuthCode().then((code) => code?.fullCode ?? null)'), 20_000);

async function link(): Promise<void> {
  const code = await authCode();
  await control('POST', `/phones/${OWN}/scan`, { code });
  await ready();
}

before(async () => {
  args = (await control('GET', '/info')).chromium_args;
  await control('POST', '/phones', { phone: OWN, name: 'Ana' });
  await control('POST', '/phones', { phone: PEER.split('@')[0], name: 'Bia' });
  client = await open(profile, args);
});

after(async () => {
  await client.close();
  rmSync(profile, { recursive: true, force: true });
});

test('qr_expire: the code goes, wa-js is idle, and a new code comes on request', async () => {
  await authCode();
  await fault('qr_expire', {});
  await until('the page is idle', async () => (await socketState()) === 'UNPAIRED_IDLE');
  await ask(client, 'WPP.whatsapp.Cmd.refreshQR()');
  await link();
});

test('reject_463 and rate_limit: this message fails and the next one goes', async () => {
  for (const kind of ['reject_463', 'rate_limit']) {
    await fault(kind);
    const refused = await send(`refused by ${kind}`);
    assert.notEqual(refused.result, 'OK', kind);
    const { data } = await control('GET', `/deliveries?phone=${OWN}`);
    assert.ok(!data.some((line: any) => line.body === `refused by ${kind}`), `${kind}: the server took it`);
    assert.equal((await send(`after ${kind}`)).result, 'OK');
  }
});

test('late_ack: wa-js waits for it', async () => {
  await fault('late_ack', { phone: OWN, after_ms: 700 });
  const begun = Date.now();
  assert.equal((await send('late')).result, 'OK');
  assert.ok(Date.now() - begun >= 700);
});

/** What the server's log has of a text. */
const delivered = async (body: string): Promise<any[]> =>
  (await control('GET', `/deliveries?phone=${OWN}`)).data.filter((line: any) => line.body === body);
/** How far the page thinks that a text of its own came. */
const ackOf = (body: string) =>
  ask<number | undefined>(client, `WPP.whatsapp.MsgStore.findFirst((msg) => msg.body === '${body}')?.ack`);
/** Sends a text and waits for nothing. */
const begin = (body: string) => ask(client, `void WPP.chat.sendTextMessage('${PEER}', '${body}')`);

test('drop_ack: it is delivered and read, the page knows nothing of it until it connects anew', async () => {
  await fault('drop_ack');
  await begin('unheard of');
  await until('the other phone has read it', async () => (await delivered('unheard of'))[0]?.ack === 3);
  // The next one is told as always: the page hears, only not of that one.
  assert.equal((await send('heard of')).result, 'OK');
  assert.equal(await ackOf('unheard of'), 0);
  await fault('socket_drop');
  await until('the page hears of it', async () => (await ackOf('unheard of')) === 3);
  assert.equal((await delivered('unheard of')).length, 1, 'it went out again under the same id');
});

test('socket_drop: the page is offline, keeps what is written, and sends it once when it is back', async () => {
  client.events.length = 0;
  await fault('socket_drop', LASTING);
  await until('it is offline', async () => (await socketState()) === 'TIMEOUT');
  await begin('written offline');
  assert.deepEqual(await delivered('written offline'), []);
  await clear();
  await until('it is connected', async () => (await socketState()) === 'CONNECTED', 20_000);
  await until('it has gone', async () => (await ackOf('written offline'))! >= 1);
  const lines = await delivered('written offline');
  assert.deepEqual(lines.map(({ times }) => times), [1]);
  const modes = client.events.filter(({ name }) => name === 'conn.stream_mode_changed').map(({ data }) => data);
  assert.ok(modes.includes('OFFLINE') && modes.at(-1) === 'MAIN', modes.join());
});

test('forget_message: it is sent, and a page that is loaded anew does not know it', async () => {
  await fault('forget_message');
  const sent = await send('forgotten');
  assert.equal(sent.result, 'OK');
  assert.equal((await send('remembered')).result, 'OK');
  await client.page.reload();
  await ready();
  await until('the history is there', async () => (await ackOf('remembered')) !== undefined);
  assert.equal(await ackOf('forgotten'), undefined);
  const found = await ask<string>(client, `WPP.chat.getMessageById('${sent.id}').then(() => 'found', (error) => error.code)`);
  assert.equal(found, 'msg_not_found');
  assert.equal((await delivered('forgotten')).length, 1);
});

test('logout: the page forgets the account, says why, and shows a new code', async () => {
  client.events.length = 0;
  await fault('logout');
  await until('wa-js says so', () => client.events.some(({ name }) => name === 'conn.logout'));
  const reason = client.events.find(({ name }) => name === 'conn.logout_reason');
  assert.equal(reason?.data, 'unknown_companion');
  await until('it has started anew', () => client.page.url().includes('post_logout=1'));
  assert.ok(!(await linked()));
  await link();
  assert.equal((await send('after the logout')).result, 'OK');
});

test('page_slow: everything comes late, and in order', async () => {
  await fault('page_slow', { phone: OWN, for_ms: 1_500 });
  // The order to be slow comes through the same socket: an answer proves that it has been obeyed.
  await control('POST', `/phones/${PEER.split('@')[0]}/messages`, { to: OWN, type: 'text', text: 'one' });
  await control('POST', `/phones/${PEER.split('@')[0]}/messages`, { to: OWN, type: 'text', text: 'two' });
  const bodies = "WPP.whatsapp.MsgStore.getModelsArray().map((msg) => msg.body).filter((b) => b === 'one' || b === 'two').join()";
  await until('both texts', async () => (await ask(client, bodies)) === 'one,two');
});

test('page_hang: nothing runs meanwhile, and everything afterwards', async () => {
  // The page itself notes for how long none of its timers ran: it need not be caught at it.
  await ask(client, `(() => {
    let last = performance.now();
    window.longest = 0;
    setInterval(() => {
      window.longest = Math.max(window.longest, performance.now() - last);
      last = performance.now();
    }, 20);
  })()`);
  await fault('page_hang', { phone: OWN, for_ms: 3_000 });
  await until('it has hung', () => ask(client, 'window.longest >= 3_000'));
  assert.equal((await send('after the hang')).result, 'OK');
});

test('modal: dismissed it does no harm, ignored it unlinks the page', async () => {
  const shown = () => ask<boolean>(client, "Boolean(document.querySelector('[role=dialog] button'))");
  const dismiss = () => ask(client, "document.querySelector('[role=dialog] button').click()");
  // The second one comes when the time of the first is over.
  await fault('modal', { phone: OWN, for_ms: 8_000 });
  await fault('modal', { ...LASTING, after_ms: 8_200 });
  await until('the dialog', shown);
  await dismiss();
  await until('no dialog', async () => !(await shown()));
  await until('the next one', shown, 20_000);
  assert.ok(await linked(), 'the first one was dismissed in time');
  await dismiss();
  await fault('modal', { phone: OWN, for_ms: 500 });
  await until('the phone has unlinked it', async () => !(await linked()));
  await until('wa-js says so', () => client.events.some(({ name }) => name === 'conn.logout'));
  await link();
});

test('update_required: the page says so until the server takes it again', async () => {
  await fault('update_required', LASTING);
  await until('wa-js needs an update', () => ask(client, 'WPP.conn.needsUpdate()'));
  assert.equal(await socketState(), 'DEPRECATED_VERSION');
  await clear();
  await until('it is taken again', () => ask(client, '!WPP.conn.needsUpdate()'), 20_000);
  await ready();
});

test('clock_skew: messages carry the time of the wrong clock', async () => {
  await fault('clock_skew', { skew_ms: -3_600_000 });
  await control('POST', `/phones/${PEER.split('@')[0]}/messages`, { to: OWN, type: 'text', text: 'old' });
  const age = "WPP.whatsapp.MsgStore.findFirst((msg) => msg.body === 'old')?.t - Date.now() / 1000";
  const off = await until('the text', () => ask<number>(client, age));
  assert.ok(off < -3_500 && off > -3_700, `${off} s`);
  await clear();
  assert.deepEqual((await control('GET', '/faults')).data, []);
});

test('module_missing and module_renamed: the next load lacks it, the one after has it', async () => {
  const has = (name: string) => ask<boolean>(client, `'${name}' in require('__debug').modulesMap`);
  await fault('module_missing', { module: 'WAWebSendMsgChatAction' });
  await fault('module_renamed', { module: 'WAWebCmd' });
  await client.page.reload();
  await until('modules', () => ask(client, "typeof require === 'function'"));
  assert.equal(await has('WAWebSendMsgChatAction'), false);
  assert.equal(await has('WAWebCmd'), false);
  assert.equal(await has('WAWebCmdNext'), true);
  // wa-js finds what has another name, for it looks at what modules offer; what is gone fails at the first use.
  await ready();
  assert.match((await send('nowhere')).error, /./);
  await client.page.reload();
  await ready();
  assert.equal((await send('again')).result, 'OK');
});

test('ban: the page is logged out and the phone links no more', async () => {
  client.events.length = 0;
  await fault('ban');
  await until('wa-js says so', () => client.events.some(({ name }) => name === 'conn.logout'));
  const code = await authCode();
  await assert.rejects(control('POST', `/phones/${OWN}/scan`, { code }), /409/);
});
