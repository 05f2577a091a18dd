import { Cmd, Conn, Socket, logoutReasons } from '../modules/connection';
import { identity } from '../modules/identity';
import { messages } from '../modules/messages';
import { outbox } from './outbox';
import { forgetPeople } from './people';
import { dropAccount } from './profile';

/** Lets clients hear about the logout before the page goes. */
const LEAVE_AFTER_MS = 300;

/**
 * The page is no longer linked, for whatever reason: it forgets the account, says so, and starts anew
 * by navigating, as the real page does.
 */
export function leave(reason: string): void {
  if (!identity.linked) return;
  logoutReasons.getErrorCodeFromLogoutReason(reason);
  const forgotten = dropAccount();
  outbox.clear();
  identity.forget();
  Cmd.announceLogout();
  Socket.set({ state: 'UNPAIRED', stream: 'DISCONNECTED' });
  // Silent: the real page does not take this back.
  Socket.set('hasSynced', false, { silent: true });
  Conn.set({ connected: false, wid: null });
  messages.reset();
  forgetPeople();
  const heard = new Promise((resolve) => setTimeout(resolve, LEAVE_AFTER_MS));
  void Promise.allSettled([heard, forgotten]).then(() => {
    location.href = `/?post_logout=1&logout_reason=${encodeURIComponent(reason)}`;
  });
}
