/** Who is online and who is typing. */

import { Collection } from '../base/collection';
import { Model } from '../base/model';
import type { Wid } from '../ids/wid';
import type { Notices } from '../protocol';
import type { ModuleTable } from '../registry';
import { link } from '../runtime/socket';

class Chatstate extends Model {
  declare type: string | undefined;
  declare t: number | undefined;
}

class ChatstateCollection extends Collection<Chatstate> {
  static override model = Chatstate;
}

export class Presence extends Model {
  declare readonly id: Wid;
  declare isOnline: boolean | undefined;
  /** False until the server has said something about this person. */
  declare hasData: boolean | undefined;
  readonly chatstate = new Chatstate();
  readonly chatstates = new ChatstateCollection();

  get isUser(): boolean {
    return this.id.isUser();
  }

  get isGroup(): boolean {
    return this.id.isGroup();
  }

  async subscribe(): Promise<void> {
    if (this.get('subscribed')) return;
    this.set('subscribed', true);
    link.notify('presence_sub', { id: String(this.id) });
  }
}
Object.assign(Presence.prototype, { proxyName: 'presence' });

class Presences extends Collection<Presence> {
  static override model = Presence;

  /** chat.presence_change is `change:chatstate.type` of this collection. */
  report(id: Wid, online: boolean, state: string | undefined): void {
    const presence = this.getOrAdd(id).set({ isOnline: online, hasData: true });
    presence.chatstate.set({ type: state ?? (online ? 'available' : 'unavailable') });
    this.trigger('change:chatstate.type', presence.chatstate);
  }
}

export const presences = new Presences();

type State = Notices['chatstate']['state'];

function tell(state: State): (chat: { id: Wid }) => Promise<void> {
  return async (chat) => link.notify('chatstate', { id: String(chat.id), state });
}

export const presenceModules: ModuleTable = {
  // An instance only: wa-js would take an exported class for the store itself.
  WAWebPresenceCollection: { PresenceCollection: presences },
  WAWebChatstateModel: { Chatstate, Presence, ChatstateCollection },
  // contact.subscribePresence
  WAWebContactPresenceBridge: { subscribePresence: async (id: Wid) => presences.getOrAdd(id).subscribe() },
  // chat.markIsComposing, markIsPaused, markIsRecording
  WAWebPresenceChatAction: {
    markComposing: tell('composing'),
    markPaused: tell('paused'),
    markRecording: tell('recording'),
  },
};
