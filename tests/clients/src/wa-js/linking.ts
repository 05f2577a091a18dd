/** From the auth code to a page that is ready, over a restart, to the end. */

import { expect, same, until, type Rows } from '../rows';
import type { People, Phone, Sandbox } from '../sandbox';
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
  await codes(rows, sandbox, session, me);
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
  for (const name of ['loader.injected', 'loader.ready', 'loader.full_ready']) {
    await rows.row(`event ${name}`, () => heard.first(name));
  }
  for (const name of ['conn.authenticated', 'conn.main_loaded', 'conn.main_ready']) {
    await rows.row(`event ${name}`, () => heard.first(name));
  }
  await rows.row('event conn.stream_mode_changed', () => heard.first('conn.stream_mode_changed', (mode) => mode === 'MAIN'));
  await rows.row('event conn.stream_info_changed', () => heard.first('conn.stream_info_changed', (info) => info === 'NORMAL'));
  await session.untilReady();
  await state(rows, session, me);
  return session;
}

/** Codes to type on the phone, in wa-js' own keeping; and QR codes that have had their time. */
async function codes(rows: Rows, sandbox: Sandbox, session: Session, me: Phone): Promise<void> {
  const { heard } = session;
  const waits = async (code: unknown): Promise<void> => {
    expect(JSON.stringify(await sandbox.get('/pages')).includes(String(code)), `no page waits with the code ${code}`);
  };
  const first = await rows.row('conn.startLinkDeviceCodeForPhoneNumber', async () => {
    const code = await session.call('conn.startLinkDeviceCodeForPhoneNumber', me.number);
    await waits(code);
    return code;
  });
  await rows.row('event conn.link_code_change', () => heard.first('conn.link_code_change', (code) => code === first));
  await rows.row('conn.refreshLinkDeviceCode', async () => {
    const code = await session.call('conn.refreshLinkDeviceCode');
    expect(code !== first, 'it is the old one');
    await waits(code);
  });
  await rows.row('event conn.link_code_expired', () => tells(session, 'conn.link_code_expired', 'force_manual_refresh'));
  await rows.row('event conn.link_code_error', () => tells(session, 'conn.link_code_error', 'error_alt_linking'));
  await rows.row('conn.cancelLinkDeviceCode', async () => {
    await session.call('conn.cancelLinkDeviceCode');
    const answer = await session.call('conn.refreshLinkDeviceCode').catch((error) => String(error));
    expect(answer.includes('No phone linking flow'), answer);
  });
  await rows.row('event conn.qrcode_idle', async () => {
    await heard.during(() => sandbox.post('/faults', { kind: 'qr_expire' }), 'conn.qrcode_idle');
    await session.call('conn.refreshQR');
  });
}

/** What the page says of its linking code reaches those who listen to wa-js. */
async function tells(session: Session, event: string, news: string): Promise<void> {
  await session.heard.during(() =>
    session.ask('WPP.whatsapp.LinkDeviceEvents.trigger(a, new Error("said by the run"))', `link_device_events:${news}`), event);
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
  await rows.row('conn.getMyDeviceId', async () => {
    expect((await session.ask('WPP.conn.getMyDeviceId()')).startsWith(me.number), 'somebody else');
  });
  await rows.row('conn.getPlatform', async () => {
    expect(typeof (await session.ask('WPP.conn.getPlatform()')) === 'string', 'no platform');
  });
  await rows.row('conn.getHistorySyncProgress', async () => {
    same((await session.ask('WPP.conn.getHistorySyncProgress()')).inProgress, false);
  });
  await rows.row('conn.getMigrationState', async () => {
    same((await session.ask('WPP.conn.getMigrationState()')).currentPn, me.id);
  });
  await rows.row('conn.isWhatsAppVersionGTE', async () => {
    same(await session.call('conn.isWhatsAppVersionGTE', '2.3000.0'), true);
  });
  await rows.row('event conn.online', async () => {
    await session.heard.during(() => session.page.setOfflineMode(true), 'conn.online', (online) => online === false);
    await session.heard.during(() => session.page.setOfflineMode(false), 'conn.online', (online) => online === true);
  });
  await rows.row('event conn.backend_event', async () => {
    await session.heard.during(() => session.ask("WPP.whatsapp.BackendEventBus.trigger('set_socket_state', 'CONNECTED')"),
      'conn.backend_event', (name) => name === 'set_socket_state');
  });
  await rows.row('conn.getBuildConstants', async () => {
    const constants = await session.ask('WPP.conn.getBuildConstants()');
    expect(/^2\.3000/.test(constants?.VERSION_STR ?? ''), JSON.stringify(constants));
    same(constants.PARSED.SECONDARY, 3_000);
  });
}

export async function restart(rows: Rows, sandbox: Sandbox, { me, anna }: People, before: Session): Promise<Session> {
  rows.area('Restart and logout');
  await before.close();
  const session = await Session.open(sandbox, PROFILE);
  await rows.row('restart with the same profile', async () => {
    await session.untilReady();
    expect(!session.heard.of('conn.require_auth').length, 'it asked for a new link');
    expect((await me.show()).linked.length === 1, 'the phone shows another number of linked pages');
  });
  await rows.row('chat.getMessages: the very first one, after a restart', async () => {
    const [first] = await session.call('chat.getMessages', anna.id, { count: -1 });
    same(first.body, 'Hello Anna');
  });
  return session;
}

export async function logouts(rows: Rows, sandbox: Sandbox, me: Phone, session: Session): Promise<void> {
  const { heard } = session;
  await rows.row('event conn.needs_update', async () => {
    await sandbox.post('/faults', { kind: 'update_required', phone: me.number });
    await heard.first('conn.needs_update');
    await session.untilReady();
  });
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
