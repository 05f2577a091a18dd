/** wa-js as it stands on the page: its bundle runs before ours and leaves `WPP` behind. */

import type * as Wpp from '@wppconnect/wa-js';

declare global {
  var WPP: typeof Wpp | undefined;
}

export type { Wpp };
export type Wid = Wpp.whatsapp.Wid;
export type Message = Wpp.whatsapp.MsgModel;

/** wa-js, once it has found WhatsApp's modules; nothing of it works before. */
export function bound(): typeof Wpp | undefined {
  return globalThis.WPP?.isInjected ? globalThis.WPP : undefined;
}

/** wa-js' bundle, bound or not. Absent only when the engine failed to inject it. */
export function bundle(): typeof Wpp {
  if (!globalThis.WPP) throw new Error('wa-js is not on the page');
  return globalThis.WPP;
}

/** What a message is stored under, as the page's own key. */
export interface Key {
  id: string;
  fromMe: boolean;
  remote: Wid;
}

/** The page types its keys loosely; these three fields are what everybody relies on. */
export function keyOf(message: Message): Key {
  return message.id as unknown as Key;
}

/**
 * The address under which the account keeps a chat: the phone number where the page knows it, because one person may
 * write under a number today and under a hidden identity tomorrow.
 */
export function addressOf(wid: Wid): string {
  let known: Wid = wid;
  if (wid.server === 'lid') {
    try {
      known = bound()?.whatsapp.ApiContact.getPhoneNumber(wid) ?? wid;
    } catch {
      // A page that cannot tell leaves the hidden identity, which is an address too.
    }
  }
  // Without the device, which some keys carry behind a colon.
  return `${known.user}@${known.server}`;
}
