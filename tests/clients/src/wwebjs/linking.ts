/** From the QR code to `ready`, over a restart, to the end. */

import { expect, same, until, type Rows } from '../rows';
import type { People, Phone, Sandbox } from '../sandbox';
import { Session } from './session';

const PROFILE = 'main';

export async function link(rows: Rows, sandbox: Sandbox, me: Phone): Promise<Session> {
  rows.area('Linking');
  const session = new Session(sandbox, PROFILE);
  const { client, heard } = session;
  await session.open();
  await rows.row('requestPairingCode', async () => {
    const code = await client.requestPairingCode(me.number);
    expect(/^[A-Z0-9]{8}$/.test(code), `the code is ${code}`);
    const waiting = JSON.stringify(await sandbox.get('/pages'));
    expect(waiting.includes(code), `no page waits with this code: ${waiting}`);
  });
  await rows.row('event code', () => heard.first('code'));
  await rows.row('cancelPairingCode', async () => {
    await heard.during(() => client.cancelPairingCode(), 'qr');
  });
  await rows.row('event qr', async () => {
    const [code] = await heard.first('qr', (text: string) => text.split(',').length === 5).then(() => heard.of('qr').at(-1) ?? []);
    await me.do('scan', { code });
    expect((await me.show()).linked.length === 1, 'the phone shows no linked page');
  });
  await rows.row('event authenticated', () => heard.first('authenticated'));
  await rows.row('event loading_screen', () => heard.first('loading_screen'));
  await rows.row('event ready', () => heard.first('ready'));
  await rows.row('info', async () => {
    expect(client.info.wid._serialized === me.id, `wid is ${client.info.wid._serialized}`);
    expect(client.info.pushname === me.name, `pushname is ${client.info.pushname}`);
  });
  await rows.row('getState', async () => {
    expect((await client.getState()) === 'CONNECTED', 'not CONNECTED');
  });
  await rows.row('getWWebVersion', async () => {
    expect(/^2\.3000\.\d+/.test(await client.getWWebVersion()), 'no version');
  });
  return session;
}

export async function restart(rows: Rows, sandbox: Sandbox, { me, anna }: People, before: Session): Promise<Session> {
  rows.area('Restart and logout');
  await before.close();
  const session = new Session(sandbox, PROFILE);
  await rows.row('restart with LocalAuth', async () => {
    await session.open();
    await session.heard.first('ready');
    expect(session.heard.of('qr').length === 0, 'it asked for a new link');
    expect((await me.show()).linked.length === 1, 'the phone shows another number of linked pages');
  });
  await rows.row('Chat.fetchMessages: the very first one, after a restart', async () => {
    const messages = await (await session.client.getChatById(anna.id)).fetchMessages({ limit: 1_000 });
    same(messages[0]?.body, 'Hello Anna');
  });
  return session;
}

export async function unlinkFromPhone(rows: Rows, sandbox: Sandbox, me: Phone, session: Session): Promise<void> {
  await rows.row('event disconnected, after a logout on the phone', async () => {
    await me.do('unlink');
    // The second one where the page was faster to leave than to say that it is not linked any more.
    await session.heard.first('disconnected', (reason) => ['UNPAIRED', 'LOGOUT'].includes(reason));
  });
  await session.close();
  const next = new Session(sandbox, PROFILE);
  await rows.row('event qr, in a profile that was logged out', async () => {
    await next.open();
    await next.heard.first('qr');
  });
  await next.close();
}

export async function logout(rows: Rows, sandbox: Sandbox, me: Phone): Promise<void> {
  const session = new Session(sandbox, 'second');
  await session.open();
  const [code] = await session.heard.first('qr');
  await me.do('scan', { code });
  await session.heard.first('ready');
  await rows.row('logout', async () => {
    await session.client.logout();
    await until('no page linked to the phone', async () => (await me.show()).linked.length === 0);
  });
}
