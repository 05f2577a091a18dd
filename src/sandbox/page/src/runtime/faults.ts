/** What goes wrong with the page itself, on the server's order. */

import { Socket, Stream } from '../modules/connection';
import type { Pushes } from '../protocol';
import { showWhatsNew } from '../view/whats-new';
import { link } from './socket';

/** How late each frame of a slow page is, in milliseconds. */
const SLOW_MS = 1_000;

export function suffer({ id, kind, forMs }: Pushes['fault']): void {
  switch (kind) {
    case 'page_hang': return hang(forMs);
    case 'page_slow': return link.slowDown(SLOW_MS, forMs);
    case 'passkey': return askForPasskey(forMs);
    case 'modal': return showWhatsNew(() => link.notify('dismissed', { id }));
    case 'update_required': return outdated();
  }
}

/**
 * Which sign of a passkey challenge the real page shows is not known; what every page has to do for one is this call.
 * Nobody answers it: the page gives up when its time is over.
 */
function askForPasskey(forMs: number): void {
  const challenge = crypto.getRandomValues(new Uint8Array(32));
  const signal = AbortSignal.timeout(forMs);
  const publicKey = { challenge, timeout: forMs, userVerification: 'required' as const };
  void navigator.credentials?.get({ publicKey, signal }).catch(() => undefined);
}

/** Nothing else runs in this page meanwhile: no timer, no answer to a client. */
function hang(forMs: number): void {
  const until = performance.now() + forMs;
  while (performance.now() < until);
}

/** The server drops the connection next; the state stays until it lets the page in again. */
function outdated(): void {
  Stream.set('needsUpdate', true);
  Socket.set('state', 'DEPRECATED_VERSION');
}
