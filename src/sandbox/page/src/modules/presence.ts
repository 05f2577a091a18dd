/** Who is online and who is typing. */

import { Collection } from '../base/collection';
import { Model } from '../base/model';
import { createWid, type Wid } from '../ids/wid';
import type { Notices } from '../protocol';
import type { ModuleTable } from '../registry';
import { link } from '../runtime/socket';
import { Stream } from './connection';
import { unixTime } from './constants';
import { PeopleCollection } from './contacts';

/** The server answers at once, unless the connection is gone. */
const ANSWER_WITHIN_MS = 500;

class Chatstate extends Model {
  declare type: string | undefined;
  /** Of somebody who is away: since when, in Unix seconds. */
  declare t: number | undefined;
}
Object.assign(Chatstate.prototype, { proxyName: 'chatstate' });

class ChatstateCollection extends Collection<Chatstate> {
  static override model = Chatstate;
}

export class Presence extends Model {
  declare readonly id: Wid;
  declare isOnline: boolean | undefined;
  /** False until the server has said something about this person. */
  declare hasData: boolean | undefined;
  readonly chatstate = new Chatstate();
  /** In a group: what each of its people does. */
  readonly chatstates = new ChatstateCollection();
  #subscribed = false;

  get isUser(): boolean {
    return this.id.isUser();
  }

  get isGroup(): boolean {
    return this.id.isGroup();
  }

  /** Resolves once the server has said how it is: clients look at it right after. */
  async subscribe(): Promise<void> {
    if (this.#subscribed) return;
    this.#subscribed = true;
    this.resubscribe();
    if (!this.id.isUser() || this.hasData) return;
    await new Promise<void>((resolve) => {
      const patience = setTimeout(resolve, ANSWER_WITHIN_MS);
      this.once('change:hasData', () => {
        clearTimeout(patience);
        resolve();
      });
    });
  }

  /** The server forgets with the connection who wanted to know. */
  resubscribe(): void {
    if (this.#subscribed && this.id.isUser()) link.notify('presence_sub', { id: String(this.id) });
  }

  /** contact.unsubscribePresence */
  delete(): void {
    presences.remove(this);
  }
}
Object.assign(Presence.prototype, { proxyName: 'presence' });

class Presences extends PeopleCollection<Presence> {
  static override model = Presence;

  /** Whoever looks for it wants to hear of it from now on. */
  override async find(id: { _serialized: string } | string): Promise<Presence> {
    const presence = this.getOrAdd(createWid(id));
    await presence.subscribe();
    return presence;
  }

  /** chat.presence_change is `change:chatstate.type` of this collection. */
  report(id: Wid, online: boolean, state: string | undefined): void {
    const presence = this.getOrAdd(id).set({ isOnline: online, hasData: true });
    this.#show(presence, typing(state) ?? (online ? 'available' : 'unavailable'));
    if (!online) presence.chatstate.set('t', unixTime());
  }

  /** Somebody types in a group, or has stopped. */
  reportIn(group: Wid, person: Wid, state: string | undefined): void {
    const presence = this.getOrAdd(group).set({ hasData: true });
    presence.chatstates.getOrAdd(person).set('type', typing(state));
    const busy = presence.chatstates.findFirst((one) => one.type !== undefined);
    this.#show(presence, busy?.type ?? 'available');
  }

  #show(presence: Presence, type: string): void {
    presence.chatstate.set({ type });
    this.trigger('change:chatstate.type', presence.chatstate);
  }
}

export const presences = new Presences();

type State = Notices['chatstate']['state'];

/** Nobody is busy any more who has paused. */
function typing(state: string | undefined): string | undefined {
  return state === 'composing' || state === 'recording' ? state : undefined;
}

function tell(state: State): (chat: { id: Wid }) => Promise<void> {
  return async (chat) => link.notify('chatstate', { id: String(chat.id), state });
}

function tellById(state: State): (id: Wid | string) => Promise<void> {
  return async (id) => link.notify('chatstate', { id: String(createWid(id)), state });
}

export const presenceModules: ModuleTable = {
  // An instance only: wa-js would take an exported class for the store itself.
  WAWebPresenceCollection: { PresenceCollection: presences },
  WAWebChatstateModel: { Chatstate, Presence, ChatstateCollection },
  // contact.subscribePresence
  WAWebContactPresenceBridge: {
    subscribePresence: async (id: Wid) => presences.getOrAdd(createWid(id)).subscribe(),
  },
  // chat.markIsComposing, markIsPaused, markIsRecording
  WAWebPresenceChatAction: {
    markComposing: tell('composing'),
    markPaused: tell('paused'),
    markRecording: tell('recording'),
    sendPresenceAvailable: () => Stream.markAvailable(),
    sendPresenceUnavailable: () => Stream.markUnavailable(),
  },
  WAWebChatStateBridge: {
    sendChatStateComposing: tellById('composing'),
    sendChatStatePaused: tellById('paused'),
    sendChatStateRecording: tellById('recording'),
  },
};
