/** From the auth code to a page that is ready, over a restart, to the end. */

import { expect, until, type Rows } from '../rows';
import type { Phone, Sandbox } from '../sandbox';
import { Session } from './session';

const PROFILE = 'main';
const CODE = 'WPP.conn.getAuthCode().then((code) => code && code.fullCode)';

export async function link(rows: Rows, sandbox: Sandbox, me: Phone): Promise<Session> {
  rows.area('Linking');
  const session = await Session.open(sandbox, PROFILE);
  const { heard } = session;
  await rows.row('event conn.main_init', () => heard.first('conn.main_init'));
  await rows.row('event conn.require_auth', () => heard.first('conn.require_auth'));
  await rows.row('event conn.auth_code_change', () => heard.first('conn.auth_code_change', (code) => code?.fullCode));
  await rows.row('conn.refreshQR', async () => {
    const before = await session.ask(CODE);
    await session.ask('WPP.conn.refreshQR()');
    const after = await session.ask(CODE);
    expect(after && after !== before, 'the code is the old one');
  });
  await rows.row('conn.genLinkDeviceCodeForPhoneNumber', async () => {
    const code = await session.ask('WPP.conn.genLinkDeviceCodeForPhoneNumber(a)', me.number);
    await me.do('link', { code });
    expect((await me.show()).linked.length === 1, 'the phone shows no linked page');
    await session.untilReady();
  });
  await me.do('unlink');
  await heard.first('conn.logout');
  await rows.row('conn.getAuthCode', async () => {
    const code = await until('a code after the logout', () => session.ask(CODE).catch(() => undefined), 10_000);
    await me.do('scan', { code });
    expect((await me.show()).linked.length === 1, 'the phone shows no linked page');
  });
  for (const name of ['conn.authenticated', 'conn.main_loaded', 'conn.main_ready']) {
    await rows.row(`event ${name}`, () => heard.first(name));
  }
  await rows.row('event conn.stream_mode_changed', () => heard.first('conn.stream_mode_changed', (mode) => mode === 'MAIN'));
  await rows.row('event conn.stream_info_changed', () => heard.first('conn.stream_info_changed', (info) => info === 'NORMAL'));
  await session.untilReady();
  await state(rows, session, me);
  return session;
}

async function state(rows: Rows, session: Session, me: Phone): Promise<void> {
  const truths = ['isAuthenticated', 'isRegistered', 'isMainInit', 'isMainLoaded', 'isMainReady', 'isOnline', 'isMultiDevice'];
  for (const name of truths) {
    await rows.row(`conn.${name}`, async () => expect((await session.ask(`WPP.conn.${name}()`)) === true, 'it is not'));
  }
  for (const name of ['isIdle', 'needsUpdate']) {
    await rows.row(`conn.${name}`, async () => expect((await session.ask(`WPP.conn.${name}()`)) === false, 'it is'));
  }
  await rows.row('conn.getMyUserId', async () => expect((await session.ask('WPP.conn.getMyUserId()')) === me.id, 'somebody else'));
  await rows.row('conn.getMyUserWid', async () => expect((await session.ask('WPP.conn.getMyUserWid()')) === me.id, 'somebody else'));
  await rows.row('conn.getMyUserLid', async () => expect(/@lid$/.test(await session.ask('WPP.conn.getMyUserLid()')), 'no hidden id'));
  await rows.row('conn.getStreamData', async () => {
    const data = await session.ask('WPP.conn.getStreamData()');
    expect(data.mode === 'MAIN', JSON.stringify(data));
  });
  await rows.row('conn.getBuildConstants', async () => {
    const constants = await session.ask('WPP.conn.getBuildConstants()');
    expect(/^2\.3000/.test(constants?.VERSION_STR ?? constants?.VERSION_BASE ?? ''), JSON.stringify(constants));
  });
}

export async function restart(rows: Rows, sandbox: Sandbox, me: Phone, before: Session): Promise<Session> {
  rows.area('Restart and logout');
  await before.close();
  const session = await Session.open(sandbox, PROFILE);
  await rows.row('restart with the same profile', async () => {
    await session.untilReady();
    expect(!session.heard.of('conn.require_auth').length, 'it asked for a new link');
    expect((await me.show()).linked.length === 1, 'the phone shows another number of linked pages');
  });
  return session;
}

export async function logouts(rows: Rows, me: Phone, session: Session): Promise<void> {
  const { heard } = session;
  await rows.row('event conn.logout, after a logout on the phone', async () => {
    await me.do('unlink');
    await heard.first('conn.logout');
  });
  await rows.row('event conn.logout_reason, after a logout on the phone', () => heard.first('conn.logout_reason'));
  await rows.row('conn.logout', async () => {
    const code = await until('a new code', () => session.ask(CODE).catch(() => undefined), 8_000);
    await me.do('scan', { code });
    await session.untilReady();
    expect((await session.ask('WPP.conn.logout()').catch(() => true)) === true, 'it says that it failed');
    await until('no page linked to the phone', async () => (await me.show()).linked.length === 0);
  });
  await session.close();
}
