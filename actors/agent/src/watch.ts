/** Turns what wa-js reports into events of the log. */

import type { Cursor } from './cursor';
import type { EventLog } from './events';
import { status } from './state';
import { type Message, type Wid, addressOf, bound, bundle, keyOf } from './wpp';

/** How long WhatsApp Web shows a code, until the page has shown how long it really does. */
const CODE_PERIOD_MS = 20_000;

/** How often readiness is looked at besides the events, which differ between linking and a linked restart. */
const LOOK_MS = 1_000;

/** Beyond "played" there is one more number, which tells our own devices only. */
const ACK_PLAYED = 4;

export function watch(log: EventLog, cursor: Cursor): void {
  watchPairing(log);
  watchLink(log, cursor);
  watchMessages(log, cursor);
}

function watchPairing(log: EventLog): void {
  const wpp = bundle();
  let shown: string | null = null;
  let shownAt = 0;
  let period = CODE_PERIOD_MS;
  wpp.on('conn.auth_code_change', (code) => {
    const full = code?.fullCode ?? null;
    const now = Date.now();
    if (full === null || full === shown) {
      shown = full;
      return;
    }
    if (shown !== null) period = now - shownAt;
    shown = full;
    shownAt = now;
    log.add({ kind: 'pairing', code: full, expires_at_ms: now + period });
  });
  wpp.on('conn.qrcode_idle', () => log.add({ kind: 'pairing_idle' }));
}

function watchLink(log: EventLog, cursor: Cursor): void {
  const wpp = bundle();
  let ready = false;
  let up = true;
  let why = 'unknown';
  const look = (): void => {
    if (!bound()?.conn.isAuthenticated()) return;
    const { mode, info } = wpp.conn.getStreamData();
    const isUp = mode === 'MAIN' && (info === undefined || info === 'NORMAL');
    if (!ready) {
      const now = status();
      if (now.state !== 'ready') return;
      ready = true;
      up = isUp;
      log.add({ kind: 'ready', phone: now.phone, push_name: now.push_name });
      if (!up) log.add({ kind: 'connection', up });
      catchUp(log, cursor);
    } else if (isUp !== up) {
      up = isUp;
      log.add({ kind: 'connection', up });
    }
  };
  wpp.on('conn.authenticated', () => {
    cursor.begin(Math.floor(Date.now() / 1_000));
    log.add({ kind: 'linked' });
  });
  for (const event of [
    'conn.authenticated',
    'conn.main_loaded',
    'conn.main_ready',
    'conn.stream_mode_changed',
    'conn.stream_info_changed',
    'loader.full_ready',
  ] as const) {
    wpp.on(event, () => queueMicrotask(look));
  }
  setInterval(look, LOOK_MS);
  wpp.on('conn.logout_reason', (reason) => {
    why = String(reason ?? 'unknown');
  });
  wpp.on('conn.logout', () => {
    ready = false;
    log.add({ kind: 'logged_out', reason: why });
  });
}

function watchMessages(log: EventLog, cursor: Cursor): void {
  const wpp = bundle();
  wpp.on('chat.msg_ack_change', ({ ack, ids }) => {
    if (ack < 1) return;
    for (const key of ids as unknown as Array<{ id: string; fromMe: boolean }>) {
      if (key.fromMe) log.add({ kind: 'acked', id: key.id, ack: Math.min(ack, ACK_PLAYED) });
    }
  });
  wpp.on('chat.new_message', (message: Message) => {
    if (isInbound(message)) receive(log, cursor, message);
  });
}

/** Reports what an earlier page had received and nobody has taken, in the order in which it was sent. */
function catchUp(log: EventLog, cursor: Cursor): void {
  const messages = (bound()?.whatsapp.MsgStore.getModelsArray() ?? []) as Message[];
  messages
    .filter((message) => isInbound(message) && cursor.missed(keyOf(message).id, message.t ?? 0))
    .sort((one, other) => (one.t ?? 0) - (other.t ?? 0))
    .forEach((message) => receive(log, cursor, message));
}

function isInbound(message: Message): boolean {
  return !keyOf(message).fromMe && message.type === 'chat';
}

function receive(log: EventLog, cursor: Cursor, message: Message): void {
  const key = keyOf(message);
  const writer = (message.author ?? message.from ?? key.remote) as Wid;
  cursor.report(key.id);
  log.add({
    kind: 'received',
    id: key.id,
    chat: addressOf(key.remote),
    from: addressOf(writer),
    sender_name: message.notifyName || null,
    text: message.body ?? '',
    sent_at_s: message.t ?? Math.floor(Date.now() / 1_000),
  });
}
