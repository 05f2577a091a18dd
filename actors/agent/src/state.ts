/** Where the page stands. */

import { type Wpp, bound } from './wpp';

export interface Identity {
  phone: string;
  push_name: string | null;
}

export type Status =
  | { state: 'loading' }
  | { state: 'unlinked' }
  | { state: 'syncing' }
  | ({ state: 'ready' } & Identity);

/**
 * Ready needs all three: linked, the main stream, and wa-js fully bound. wa-js' own "main ready" is also told on the
 * pairing screen, and only once.
 */
export function status(): Status {
  const wpp = bound();
  if (!wpp) return { state: 'loading' };
  const mode = String(wpp.conn.getStreamData().mode ?? '');
  if (!wpp.conn.isAuthenticated()) return { state: mode === 'QR' ? 'unlinked' : 'loading' };
  const me = wpp.conn.getMyUserWid();
  if (mode !== 'MAIN' || !wpp.isFullReady || !me) return { state: 'syncing' };
  return { state: 'ready', phone: me.user, push_name: pushName() };
}

/** wa-js on a page that is ready; throws on any other. */
export function readyWpp(): typeof Wpp {
  const wpp = bound();
  const { state } = status();
  if (!wpp || state !== 'ready') throw new Error(`the page is not ready: ${state}`);
  return wpp;
}

function pushName(): string | null {
  try {
    return bound()?.profile.getMyProfileName() || null;
  } catch {
    return null;
  }
}
