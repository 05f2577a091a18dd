/** Chats, and the stores beside them that clients expect to find. */

import { Collection } from '../base/collection';
import { EventEmitter } from '../base/emitter';
import { Model } from '../base/model';
import type { MsgKey } from '../ids/msg-key';
import { createWid, type Wid } from '../ids/wid';
import type { ModuleTable } from '../registry';
import { notSimulated } from '../registry';
import { link } from '../runtime/socket';
import { unixTime } from './constants';
import { contacts, lidTable, queryExists, type Contact } from './contacts';
import { ChatMessages, type Msg, type SendTarget } from './messages';
import { presences, type Presence } from './presence';

/** wa-js finds the class by `proxyName`, and adds `isUser`, `isGroup`, `hasUnread` and others to it. */
export class Chat extends Model implements SendTarget {
  declare readonly id: Wid;
  declare name: string | undefined;
  /** Time of the last message, in Unix seconds. */
  declare t: number;
  /** -1: marked as unread by hand. */
  declare unreadCount: number;
  /** Where chat.getMessages starts. */
  declare lastReceivedKey: MsgKey | undefined;
  /** The chat that the person at the page has opened: chat.active_chat. */
  declare active: boolean | undefined;
  readonly msgs = new ChatMessages();
  /** What is under way, by the name of its command: wa-js waits for it. */
  readonly promises: Record<string, Promise<unknown>> = {};

  get contact(): Contact {
    return contacts.getOrAdd(this.id);
  }

  get presence(): Presence {
    return presences.getOrAdd(this.id);
  }

  get formattedTitle(): string {
    return this.name ?? this.contact.displayName;
  }

  set formattedTitle(title: string) {
    this.name = title;
  }

  get title(): string {
    return this.formattedTitle;
  }

  append(msg: Msg): void {
    this.msgs.add(msg);
    this.set({ t: Math.max(this.t, msg.t), lastReceivedKey: msg.id });
  }
}
Object.assign(Chat.prototype, { proxyName: 'chat' });

class ChatCollectionImpl extends Collection<Chat> {
  static override model = Chat;
}

export const chats = new ChatCollectionImpl();

/** The chat of this id; an empty one is made where there is none. */
export function chatOf(id: Wid | string): Chat {
  const wid = createWid(id);
  return chats.get(wid) ?? chats.add({ id: wid, t: 0, unreadCount: 0, archive: false, pin: 0 });
}

/**
 * The chat to write to. Chats are named by phone number, so a hidden id leads to its number. A number
 * that is not on WhatsApp has no chat: this throws.
 */
async function findOrCreateLatestChat(asked: Wid): Promise<{ chat: Chat; created: boolean }> {
  const wid = lidTable.phoneOf(asked) ?? asked;
  const present = chats.get(wid);
  if (present) return { chat: present, created: false };
  const known = await queryExists(wid);
  if (!known) throw new Error(`${wid} is not on WhatsApp`);
  const chat = chatOf(known);
  if (!chat.t) chat.set('t', unixTime());
  return { chat, created: true };
}

/** chat.markIsRead, also before each send. Tells the server only where something was unread. */
async function sendSeen({ chat }: { chat: Chat }): Promise<void> {
  if (!chat.unreadCount) return;
  link.notify('seen', { id: String(chat.id) });
  chat.set('unreadCount', 0);
}

/** Stores that stay empty for now. wa-js listens to some and looks up others. */
class PlainModel extends Model {}
class PlainCollection extends Collection<PlainModel> {
  static override model = PlainModel;
}

/** Id-bound by wa-js: call.incoming_call wraps `processIncomingCall`. */
class CallCollectionImpl extends PlainCollection {
  /** whatsapp-web.js looks for the first map among the properties, and replaces its `set`: event call. */
  readonly calls = new Map<string, unknown>();

  processIncomingCall(call: PlainModel): PlainModel {
    return this.add(call);
  }

  setActiveCall(): void {}
}

/** chat.active_filter wraps the prototype's method. */
class SearchQuery extends EventEmitter {
  filter: object | undefined;

  updateLabelQuery(filter?: object): void {
    this.filter = filter;
  }
}

export const chatModules: ModuleTable = {
  WAWebChatModel: { Chat },
  // chat.get, chat.list; chat.new_chat and chat.unread_count_changed are events of this store.
  WAWebChatCollection: { ChatCollection: chats, ChatCollectionImpl },
  // chat.find, and with it everything that sends.
  WAWebFindChatAction: { findOrCreateLatestChat },
  // chat/patch turns these into getters of Chat.
  WAWebChatGetters: {
    getShouldAppearInList: () => true,
    getIsNewsletter: (chat: Chat) => chat.id.isNewsletter(),
    getIsBroadcast: (chat: Chat) => chat.id.isBroadcast(),
    getPreviewMessage: (chat: Chat) => chat.msgs.last(),
    getShowChangeNumberNotification: () => false,
    getShouldShowUnreadDivider: () => false,
    getHasUnread: (chat: Chat) => chat.unreadCount !== 0,
  },
  WAWebUpdateUnreadChatAction: {
    sendSeen,
    markUnread: async (chat: Chat) => void chat.set('unreadCount', -1),
  },
  WAWebCreateChatRecord: { createChatRecord: notSimulated('createChatRecord') },
  WAWebPinChatUtils: { getNumChatsPinned: () => chats.filter((chat) => Boolean(chat.get('pin'))).length },
  WAWebInboxSearchFlow: { isFilterExcludedFromSearchTreatmentInInboxFlow: () => false },
  WAWebChatSearchQuery: { SearchQuery },
  // group.participant_changed wraps it.
  WAWebDBGroupsGroupMetadata: { updateDBForGroupAction: notSimulated('updateDBForGroupAction') },
  // chat.update_label wraps two of these.
  WAWebLabelActions: {
    addToLabelCollection: notSimulated('addToLabelCollection'),
    removeLabelFromCollection: notSimulated('removeLabelFromCollection'),
  },
  WAWebNewsletterCollection: { default: new ChatCollectionImpl() },
  WAWebStatusCollection: { StatusCollection: new PlainCollection() },
  WAWebCallCollection: { default: new CallCollectionImpl() },
};
