/** Chats, and the stores beside them that clients expect to find. */

import { Collection } from '../base/collection';
import { EventEmitter } from '../base/emitter';
import { Model, type Attributes } from '../base/model';
import type { MsgKey } from '../ids/msg-key';
import { createWid, type Wid } from '../ids/wid';
import type { ModuleTable } from '../registry';
import { notSimulated } from '../registry';
import { loadEarlier } from '../runtime/history';
import { unixTime } from './constants';
import { PeopleCollection, contacts, lidTable, queryExists, type Contact } from './contacts';
import { groups, type GroupMetadata } from './groups';
import { ChatMessages, type Msg, type SendTarget } from './messages';
import { mutes, type Mute } from './mute';
import { presences, type Presence } from './presence';

/** What somebody has typed into a chat and not sent. */
interface ComposeContents {
  text: string;
  timestamp: number;
}

/** wa-js finds the class by `proxyName`, and adds `isUser`, `isGroup`, `hasUnread` and others to it. */
export class Chat extends Model implements SendTarget {
  declare readonly id: Wid;
  declare name: string | undefined;
  /** Time of the last message, in Unix seconds. */
  declare t: number;
  /** -1: marked as unread by hand. */
  declare unreadCount: number;
  declare archive: boolean | undefined;
  /** When it was pinned; 0: it is not. */
  declare pin: number | undefined;
  /** Where chat.getMessages starts. */
  declare lastReceivedKey: MsgKey | undefined;
  /** The chat that the person at the page has opened: chat.active_chat. */
  declare active: boolean | undefined;
  declare composeContents: ComposeContents | undefined;
  readonly msgs = new ChatMessages();
  /** What is under way, by the name of its command: wa-js waits for it. */
  readonly promises: Record<string, Promise<unknown>> = {};

  /** wppconnect lets the open chat leave the page as it stands, and what leaves are properties of its own. */
  constructor(attributes?: Attributes | Model) {
    super(attributes);
    Object.defineProperty(this, 'id', { enumerable: true, value: this.raw('id') });
  }

  get contact(): Contact {
    return contacts.getOrAdd(this.id);
  }

  get presence(): Presence {
    return presences.getOrAdd(this.id);
  }

  get mute(): Mute {
    return mutes.getOrAdd(this.id);
  }

  get groupMetadata(): GroupMetadata | undefined {
    return this.id.isGroup() ? groups.getOrAdd(this.id) : undefined;
  }

  get kind(): 'chat' | 'group' | 'broadcast' {
    if (this.id.isGroup()) return 'group';
    return this.id.isBroadcast() ? 'broadcast' : 'chat';
  }

  get isBroadcast(): boolean {
    return this.id.isBroadcast();
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

  /** A group is called the same in its chat and among the contacts. */
  rename(name: string): void {
    this.set('name', name);
    if (this.id.isGroup()) this.contact.set('name', name);
  }

  /** wppconnect: loadEarlierMessages, and getAllMessagesInChat with all that there are. */
  loadEarlierMsgs(): Promise<Msg[]> {
    return loadEarlier(this);
  }

  append(msg: Msg): void {
    this.msgs.add(msg);
    this.set({ t: Math.max(this.t ?? 0, msg.t), lastReceivedKey: msg.id });
  }

  /** whatsapp-web.js asks the chat. */
  iAmAdmin(): boolean {
    return this.groupMetadata?.participants.iAmAdmin() ?? false;
  }

  setComposeContents(contents: ComposeContents): void {
    this.set('composeContents', contents);
  }

  getComposeContents(): ComposeContents | undefined {
    return this.composeContents;
  }

  getAllMsgs(): Msg[] {
    return this.msgs.toArray();
  }

  /** With the last message alone: whatsapp-web.js looks whether there is any. */
  override serialize(): Attributes {
    const last = this.msgs.last();
    return { ...super.serialize(), msgs: last ? [last.serialize()] : [] };
  }
}
Object.assign(Chat.prototype, { proxyName: 'chat' });

/** In the order of the chat list: what is pinned, then what was said last. */
class ChatCollectionImpl extends PeopleCollection<Chat> {
  static override model = Chat;

  override get _models(): Chat[] {
    return this.toArray();
  }

  override getModelsArray(): Chat[] {
    return this.toArray();
  }

  override toArray(): Chat[] {
    return super.toArray().sort(
      (left, right) => (right.pin || 0) - (left.pin || 0) || (right.t || 0) - (left.t || 0),
    );
  }

  override async find(id: { _serialized: string } | string): Promise<Chat> {
    return (await findOrCreateLatestChat(createWid(id))).chat;
  }
}

export const chats = new ChatCollectionImpl();
contacts.on('change:name change:pushname', (contact: Contact) => {
  if (contact.id.isUser()) chats.get(contact.id)?.set('name', contact.displayName);
});
// wppconnect looks every chat up among the mutes.
chats.on('add', (chat: Chat) => void mutes.getOrAdd(chat.id));

/** The chat of this id; an empty one is made where there is none. */
export function chatOf(id: Wid | string): Chat {
  const wid = createWid(id);
  return chats.get(wid) ?? chats.add({
    id: wid, t: 0, unreadCount: 0, archive: false, pin: 0, muteExpiration: 0, isReadOnly: false, canSend: true,
  });
}

/**
 * The chat to write to. Chats are named by phone number, so a hidden id leads to its number. A number
 * that is not on WhatsApp has no chat: this throws.
 */
async function findOrCreateLatestChat(asked: Wid): Promise<{ chat: Chat; created: boolean }> {
  const wid = lidTable.phoneOf(asked) ?? asked;
  const present = chats.get(wid);
  if (present) return { chat: present, created: false };
  const known = await chatId(wid);
  if (!known) throw new Error(`${wid} is not on WhatsApp`);
  const chat = chatOf(known);
  if (!chat.t) chat.set('t', unixTime());
  return { chat, created: true };
}

/** Of a group this asks the server what it is: a group that I am not in has no chat. */
async function chatId(wid: Wid): Promise<Wid | undefined> {
  if (wid.isStatus()) return wid;
  if (!wid.isGroup()) return queryExists(wid);
  const group = await groups.find(wid);
  chatOf(wid).rename(group.subject ?? '');
  return wid;
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

/** How the list of chats is filtered. */
interface ChatFilter {
  kind?: string | undefined;
  label?: string | undefined;
}

/** Which chats a filter shows, by its kind. Any other kind shows them all. */
const FILTERS: Record<string, (chat: Chat) => boolean> = {
  unread: (chat) => chat.unreadCount !== 0,
  group: (chat) => chat.id.isGroup(),
  personal: (chat) => chat.id.isUser(),
  contact: (chat) => chat.id.isUser() && Boolean(chat.contact.isAddressBookContact),
  non_contact: (chat) => chat.id.isUser() && !chat.contact.isAddressBookContact,
  broadcast: (chat) => chat.id.isBroadcast(),
};

/** chat.active_filter wraps the prototype's method. */
class SearchQuery extends EventEmitter {
  filter: ChatFilter | undefined;

  updateLabelQuery(filter?: ChatFilter): void {
    this.filter = filter;
    chats.sort();
  }
}

export const chatFilter = new SearchQuery();

/** chat/patch turns these into getters of Chat. chat.setChatList wraps the first one: call it through this object only. */
const chatGetters = {
  getShouldAppearInList: (chat: Chat) => !chat.id.isStatus(),
  getIsNewsletter: (chat: Chat) => chat.id.isNewsletter(),
  getIsBroadcast: (chat: Chat) => chat.id.isBroadcast(),
  getIsGroup: (chat: Chat) => chat.id.isGroup(),
  getIsUser: (chat: Chat) => chat.id.isUser(),
  getPreviewMessage: (chat: Chat) => chat.msgs.last(),
  getShowChangeNumberNotification: () => false,
  getShouldShowUnreadDivider: () => false,
  getHasUnread: (chat: Chat) => chat.unreadCount !== 0,
};

/** Whether the list shows this chat. */
export function isListed(chat: Chat): boolean {
  const kind = chatFilter.filter?.kind ?? '';
  return chatGetters.getShouldAppearInList(chat) && (FILTERS[kind]?.(chat) ?? true);
}

export const chatModules: ModuleTable = {
  WAWebChatModel: { Chat },
  // chat.get, chat.list; chat.new_chat and chat.unread_count_changed are events of this store.
  WAWebChatCollection: { ChatCollection: chats, ChatCollectionImpl },
  // chat.find, and with it everything that sends.
  WAWebFindChatAction: { findOrCreateLatestChat },
  WAWebChatGetters: chatGetters,
  WAWebCreateChatRecord: { createChatRecord: notSimulated('createChatRecord') },
  WAWebPinChatUtils: { getNumChatsPinned: () => chats.filter((chat) => Boolean(chat.pin)).length },
  WAWebInboxSearchFlow: { isFilterExcludedFromSearchTreatmentInInboxFlow: () => false },
  WAWebChatSearchQuery: { SearchQuery },
  WAWebNewsletterCollection: { default: new ChatCollectionImpl() },
  WAWebCallCollection: { default: new CallCollectionImpl() },
};
