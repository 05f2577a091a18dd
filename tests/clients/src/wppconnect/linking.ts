/** From the QR code to the client, over a restart, to the end. */

import type { Whatsapp } from '@wppconnect-team/wppconnect';
import { expect, same, until, type Rows } from '../rows';
import type { People, Phone, Sandbox } from '../sandbox';
import { Session, caughtCode, listen } from './session';

const PROFILE = 'main';

export async function link(rows: Rows, sandbox: Sandbox, me: Phone): Promise<Session> {
  rows.area('Linking');
  const session = new Session(sandbox, PROFILE);
  const { heard } = session;
  await rows.row('catchQR', async () => {
    await me.do('scan', { code: await caughtCode(heard) });
    expect((await me.show()).linked.length === 1, 'the phone shows no linked page');
  });
  await rows.row('statusFind: qrReadSuccess', () => heard.first('statusFind', (status) => status === 'qrReadSuccess'));
  await rows.row('create', () => session.ready);
  const client = await session.ready;
  listen(client, heard);
  await rows.row('getWid', async () => {
    expect((await client.getWid()) === me.id, `it is ${await client.getWid()}`);
  });
  await rows.row('getHostDevice', async () => {
    const device = await client.getHostDevice();
    expect(String((device as any).wid?._serialized ?? device.wid) === me.id, JSON.stringify(device));
  });
  await rows.row('getConnectionState', async () => {
    expect(String(await client.getConnectionState()) === 'CONNECTED', `it is ${await client.getConnectionState()}`);
  });
  await truths(rows, client);
  await rows.row('getWAJSVersion', async () => expect(/^\d+\./.test(await client.getWAJSVersion()), 'no version'));
  await rows.row('getBuildConstants', async () => {
    expect(/^2\.3000/.test((await client.getBuildConstants())?.VERSION_STR ?? ''), 'no version');
  });
  await rows.row('isLidMigrated', async () => expect(typeof (await client.isLidMigrated()) === 'boolean', 'no answer'));
  await rows.row('getSessionTokenBrowser', async () => expect((await client.getSessionTokenBrowser()).WABrowserId, 'no token'));
  await rows.row('getPID', async () => expect(client.getPID() > 0, 'no browser'));
  await rows.row('takeScreenshot', async () => {
    expect(Buffer.from(await client.takeScreenshot(), 'base64').subarray(1, 4).toString() === 'PNG', 'no picture');
  });
  await rows.row('getWAVersion', async () => {
    expect(/^2\.3000\.\d+/.test(await client.getWAVersion()), 'no version');
  });
  return session;
}

async function truths(rows: Rows, client: Whatsapp): Promise<void> {
  const asked = ['isConnected', 'isLoggedIn', 'isOnline', 'isAuthenticated', 'isMainLoaded', 'isMainReady', 'isMainInit', 'isMultiDevice'] as const;
  for (const name of asked) {
    await rows.row(name, async () => expect((await client[name]()) === true, 'it is not'));
  }
}

export async function restart(rows: Rows, sandbox: Sandbox, { me, anna }: People, before: Session): Promise<Session> {
  rows.area('Restart and logout');
  await before.close();
  const session = new Session(sandbox, PROFILE);
  await rows.row('restart with the same profile', async () => {
    await session.ready;
    expect(session.heard.of('catchQR').length === 0, 'it asked for a new link');
    expect((await me.show()).linked.length === 1, 'the phone shows another number of linked pages');
  });
  const client = await session.ready;
  listen(client, session.heard);
  await rows.row('loadEarlierMessages: until the very first one, after a restart', async () => {
    await client.loadEarlierMessages(anna.id);
    const messages = await client.getAllMessagesInChat(anna.id, true, false);
    expect(messages.some((message) => message.body === 'Hello Anna'), `it is not among ${messages.length}`);
  });
  await rows.row('getMessages: the very first one, after a restart', async () => {
    const [first] = await client.getMessages(anna.id, { count: -1 });
    same(first?.body, 'Hello Anna');
  });
  return session;
}

export async function logouts(rows: Rows, me: Phone, session: Session): Promise<void> {
  const { heard } = session;
  const client = await session.ready;
  const codes = heard.of('catchQR').length;
  await rows.row('useHere', async () => {
    await client.useHere();
    await until('the connection', async () => String(await client.getConnectionState()) === 'CONNECTED');
  });
  await rows.row('onStateChange, after a logout on the phone', async () => {
    await me.do('unlink');
    await heard.first('onStateChange', (state) => state === 'UNPAIRED');
  });
  for (const name of ['onStreamChange', 'onStreamModeChanged', 'onStreamInfoChanged']) {
    await rows.row(`${name}, after a logout on the phone`, () => heard.first(name));
  }
  await rows.row('catchQR, after a logout on the phone', () =>
    until('a new QR code', () => heard.of('catchQR').length > codes));
  await rows.row('logout', async () => {
    await me.do('scan', { code: await caughtCode(heard) });
    await until('the page to be linked', () => client.isAuthenticated().catch(() => false));
    await client.logout();
    await until('no page linked to the phone', async () => (await me.show()).linked.length === 0);
  });
  await rows.row('close', async () => {
    await client.close();
    expect(client.page.isClosed(), 'the page is still open');
  });
}
