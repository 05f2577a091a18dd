/** Chats that make no sound. */

import { Model } from '../base/model';
import type { Wid } from '../ids/wid';
import type { ModuleTable } from '../registry';
import { unixTime } from './constants';
import { PeopleCollection } from './contacts';
import { demand } from './server-error';

const FOR_EVER = -1;

export class Mute extends Model {
  declare readonly id: Wid;
  /** Unix seconds; -1: for ever; 0: not muted. */
  declare expiration: number;

  get isMuted(): boolean {
    return this.expiration === FOR_EVER || this.expiration > unixTime();
  }

  /** Under the names of the real page's inner fields, which wppconnect reads and writes. */
  get __x_isMuted(): boolean {
    return this.isMuted;
  }

  set __x_isMuted(_muted: boolean) {
    // Follows from the time.
  }

  get __x_expiration(): number {
    return this.expiration;
  }

  set __x_expiration(expiration: number) {
    this.set({ expiration });
  }

  canMute(): boolean {
    return true;
  }

  /** chat.mute, and muteChat of whatsapp-web.js. */
  async mute({ expiration }: { expiration: number }): Promise<number> {
    return this.#keep(Math.floor(expiration));
  }

  async unmute(_options?: object): Promise<void> {
    await this.#keep(0);
  }

  async #keep(expiration: number): Promise<number> {
    await demand('chat_set', { chat: String(this.id), muteExpiration: expiration });
    this.set({ expiration });
    return expiration;
  }
}
Object.assign(Mute.prototype, { proxyName: 'mute' });

class MuteCollectionImpl extends PeopleCollection<Mute> {
  static override model = Mute;

  override getOrAdd(id: Wid): Mute {
    return this.get(id) ?? this.add({ id, expiration: 0 });
  }
}

export const mutes = new MuteCollectionImpl();

/** sendMute of wppconnect, which knows the time before as well. */
async function sendConversationMute(id: Wid, expiration: number, _before: number): Promise<{ status: number }> {
  await mutes.getOrAdd(id).mute({ expiration });
  return { status: 200 };
}

export const muteModules: ModuleTable = {
  WAWebMuteModel: { Mute },
  WAWebConversationMuteBridge: { sendConversationMute },
  WAWebMuteCollection: { MuteCollection: mutes },
};
