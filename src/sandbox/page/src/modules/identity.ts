/** Who this page is linked as, and the keys under which it asks to be linked. */

import { createWid, type Wid } from '../ids/wid';
import type { Me } from '../protocol';
import type { ModuleTable } from '../registry';

/** Public halves of the keys printed in the QR code. In the sandbox they are random and open nothing. */
export interface DeviceKeys {
  noise: Uint8Array<ArrayBuffer>;
  identity: Uint8Array<ArrayBuffer>;
  /** Already base64, as the real page keeps it. */
  adv: string;
}

class Identity {
  #me: Me | undefined;
  #keys: DeviceKeys | undefined;

  get me(): Me | undefined {
    return this.#me;
  }

  get linked(): boolean {
    return this.#me !== undefined;
  }

  get phone(): Wid | undefined {
    return this.#me && createWid(this.#me.pn);
  }

  get lid(): Wid | undefined {
    return this.#me && createWid(this.#me.lid);
  }

  get keys(): DeviceKeys {
    if (!this.#keys) throw new Error('The device keys are not loaded yet');
    return this.#keys;
  }

  isMe(wid: unknown): boolean {
    return this.phone?.equals(wid) || this.lid?.equals(wid) || false;
  }

  useKeys(keys: DeviceKeys): void {
    this.#keys = keys;
  }

  become(me: Me): void {
    this.#me = me;
  }

  rename(name: string): void {
    if (this.#me) this.#me = { ...this.#me, name };
  }

  forget(): void {
    this.#me = undefined;
  }
}

export const identity = new Identity();

function phoneOrThrow(): Wid {
  if (!identity.phone) throw new Error('This page is not linked to a phone');
  return identity.phone;
}

function lidOrThrow(): Wid {
  if (!identity.lid) throw new Error('This page is not linked to a phone');
  return identity.lid;
}

export const identityModules: ModuleTable = {
  // conn.getMyUserId, getMyUserWid and getMyUserLid; the sender of each outgoing message. wa-js asks for
  // this module by name to know that the page is up.
  WAWebUserPrefsMeUser: {
    getMaybeMePnUser: () => identity.phone,
    getMaybeMeLidUser: () => identity.lid,
    getMePnUserOrThrow: phoneOrThrow,
    getMeLidUserOrThrow: lidOrThrow,
    getMe: () => identity.phone,
    isMeAccount: (wid: unknown) => identity.isMe(wid),
  },
  // conn.isAuthenticated
  WAWebLoginState: { isLoggedIn: () => identity.linked },
  // conn.isRegistered; conn.getAuthCode takes the fourth part of the QR code from here.
  WAWebUserPrefsMultiDevice: {
    isRegistered: () => identity.linked,
    getADVSecretKey: () => identity.keys.adv,
    setADVSignedIdentity: () => undefined,
  },
  // conn.getAuthCode: second part of the QR code.
  WAWebUserPrefsInfoStore: {
    waNoiseInfo: { get: async () => ({ staticKeyPair: { pubKey: identity.keys.noise } }) },
  },
  // conn.getAuthCode: third part of the QR code.
  WAWebSignalStoreApi: {
    waSignalStore: {
      getRegistrationInfo: async () => ({
        registrationId: 1,
        identityKeyPair: { pubKey: identity.keys.identity },
      }),
    },
  },
};
