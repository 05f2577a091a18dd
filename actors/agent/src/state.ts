/** Where the page stands. */

import { missing } from './selftest';
import { bound } from './wpp';

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

/** What the page lacks of what we use; empty when all is there. Only meaningful once ready. */
export function drift(): string[] {
  const wpp = bound();
  return wpp ? missing(wpp) : [];
}

function pushName(): string | null {
  try {
    return bound()?.profile.getMyProfileName() || null;
  } catch {
    return null;
  }
}
