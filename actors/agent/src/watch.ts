/** Turns what wa-js reports into events of the log. */

import { settleDownloads } from './downloads';
import type { DriftReport, Stage } from './drift';
import type { EventLog } from './events';
import { isInbound, received } from './inbound';
import { watchPasskey } from './passkey';
import { phoneCode } from './phone-code';
import { keepReaching, sendIsSlow } from './reach';
import { status } from './state';
import { type Message, bound, bundle } from './wpp';

/** How long WhatsApp Web shows a code, until the page has shown how long it really does. */
const CODE_PERIOD_MS = 20_000;

/** How often readiness is looked at besides the events, which differ between linking and a linked restart. */
const LOOK_MS = 1_000;

/** Beyond "played" there is one more number, which tells our own devices only. */
const ACK_PLAYED = 4;

export function watch(log: EventLog, drift: DriftReport): void {
  watchPairing(log, drift);
  watchLink(log, drift);
  watchMessages(log);
}

function watchPairing(log: EventLog, drift: DriftReport): void {
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
    drift.look('unlinked', true, now);
    log.add({ kind: 'pairing', code: full, expires_at_ms: now + period });
  });
  wpp.on('conn.link_code_change', (code) => {
    if (code) log.add({ kind: 'phone_code', ...phoneCode(code) });
  });
  wpp.on('conn.qrcode_idle', () => log.add({ kind: 'pairing_idle' }));
  watchPasskey(navigator.credentials, () => {
    if (!bound()?.conn.isAuthenticated()) log.add({ kind: 'passkey_asked' });
  });
}

/** Where the page stands for the self-test; a page that cannot even say so may lack what says it. */
function stageOf(ready: boolean): Stage {
  if (ready) return 'ready';
  const wpp = bound();
  if (!wpp) return 'loading';
  try {
    return wpp.conn.isAuthenticated() ? 'linked' : 'unlinked';
  } catch {
    return 'loading';
  }
}

function watchLink(log: EventLog, drift: DriftReport): void {
  const wpp = bundle();
  let ready = false;
  let up = true;
  let reached = true;
  let why = 'unknown';
  const turn = (isUp: boolean): void => {
    if (isUp === up) return;
    up = isUp;
    log.add({ kind: 'connection', up });
  };
  const step = (): void => {
    if (!bound()?.conn.isAuthenticated()) {
      turn(reached);
      return;
    }
    const { mode, info } = wpp.conn.getStreamData();
    const isUp = mode === 'MAIN' && (info === undefined || info === 'NORMAL');
    if (!ready) {
      const now = status();
      if (now.state !== 'ready') {
        turn(reached && mode !== 'OFFLINE' && info !== 'OFFLINE');
        return;
      }
      ready = true;
      up = isUp;
      // First what can be done here, then that it can be.
      drift.look('ready', true, Date.now());
      settleDownloads();
      log.add({ kind: 'ready', phone: now.phone, push_name: now.push_name });
      if (!up) log.add({ kind: 'connection', up });
    } else {
      turn(reached && isUp);
    }
  };
  const look = (): void => {
    try {
      step();
    } catch {
      // Something that it stands on is missing; the self-test says what.
    }
    drift.look(stageOf(ready), ready, Date.now());
  };
  keepReaching(
    () => (!ready || !reached || sendIsSlow()) && bound() !== undefined,
    (now) => {
      reached = now;
      look();
    },
  );
  wpp.on('conn.authenticated', () => log.add({ kind: 'linked' }));
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

function watchMessages(log: EventLog): void {
  const wpp = bundle();
  wpp.on('chat.msg_ack_change', ({ ack, ids }) => {
    if (ack < 1) return;
    for (const key of ids as unknown as Array<{ id: string; fromMe: boolean }>) {
      if (key.fromMe) log.add({ kind: 'acked', id: key.id, ack: Math.min(ack, ACK_PLAYED) });
    }
  });
  wpp.on('chat.new_message', (message: Message) => {
    if (isInbound(message)) log.add({ kind: 'received', ...received(message) });
  });
}
