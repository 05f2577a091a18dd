/** What the person at the page does with a chat: keep it away, on top, quiet, unread; empty it, remove it. */

import { EventEmitter } from '../base/emitter';
import type { Ask, ChatSettings } from '../protocol';
import type { ModuleTable } from '../registry';
import { link } from '../runtime/socket';
import { chatFilter, chatOf, chats, type Chat } from './chats';
import { Cmd } from './connection';
import { unixTime } from './constants';
import { drawer } from './drawer';
import { messages, type Msg } from './messages';
import { mutes, type Mute } from './mute';
import { demand } from './server-error';

const MARKED_UNREAD = -1;

/** Settings as they stand, whoever made them. */
export function applySettings(chat: Chat, settings: ChatSettings): void {
  const { archive, pin, muteExpiration, markedUnread } = settings;
  if (archive !== undefined) chat.set({ archive });
  if (pin !== undefined) chat.set({ pin });
  if (muteExpiration !== undefined) chat.mute.set({ expiration: muteExpiration });
  if (markedUnread) chat.set('unreadCount', MARKED_UNREAD);
  else if (markedUnread === false && chat.unreadCount < 0) chat.set('unreadCount', 0);
}

mutes.on('change:expiration', (mute: Mute, muteExpiration: number) => {
  chats.get(mute.id)?.set({ muteExpiration });
});

/** Another device of the account, or this one, has changed a chat. */
export function changeChat({ chat: id, clear, remove, ...settings }: Ask<'chat_set'>): void {
  const chat = chats.get(id);
  if (remove) {
    if (chat) dropChat(chat);
    return;
  }
  applySettings(chat ?? chatOf(id), settings);
  // Also how the others of its devices hear that one has seen the chat.
  if (settings.markedUnread === false) chat?.set('unreadCount', 0);
  if (clear && chat) dropMessages(chat, chat.msgs.toArray());
}

/** What cannot be taken back waits until the server has done it. */
async function end(chat: Chat, change: { clear: true } | { remove: true }): Promise<void> {
  await demand('chat_set', { chat: String(chat.id), ...change });
  changeChat({ chat: String(chat.id), ...change });
}

/** Shows at once, as callers do not always wait, and is taken back where the server refuses it. */
async function set(chat: Chat, settings: ChatSettings): Promise<void> {
  const { archive = false, pin = 0, unreadCount } = chat;
  applySettings(chat, settings);
  try {
    await demand('chat_set', { chat: String(chat.id), ...settings });
  } catch (error) {
    chat.set({ archive, pin, unreadCount });
    throw error;
  }
}

function dropMessages(chat: Chat, gone: readonly Msg[]): void {
  for (const msg of gone) {
    chat.msgs.remove(msg);
    messages.remove(msg);
  }
  chat.set({ lastReceivedKey: chat.msgs.last()?.id, unreadCount: 0 });
}

function dropChat(chat: Chat): void {
  dropMessages(chat, chat.msgs.toArray());
  chat.set('active', false);
  chats.remove(chat);
}

const setArchive = (chat: Chat, archive: boolean) => set(chat, { archive });
const setPin = (chat: Chat, pin: boolean) => set(chat, { pin: pin ? unixTime() : 0 });

/** Also takes the mark away. */
async function markUnread(chat: Chat, unread = true): Promise<void> {
  if (unread) await set(chat, { markedUnread: true });
  else await sendSeen({ chat });
}

/** chat.markIsRead, also before each send. Tells the server only where something was unread. */
export async function sendSeen({ chat }: { chat: Chat }): Promise<void> {
  if (!chat.unreadCount) return;
  if (chat.unreadCount < 0) await set(chat, { markedUnread: false });
  const last = chat.msgs.toArray().findLast((msg) => !msg.id.fromMe)?.id.id;
  link.notify('seen', { id: String(chat.id), ...(last && { last }) });
  chat.set('unreadCount', 0);
}

/** Where something is starred and stays, the rest is deleted one by one: the server empties chats as a whole. */
async function empty(chat: Chat, keepStarred: boolean): Promise<{ status: number }> {
  const all = chat.msgs.toArray();
  const gone = keepStarred ? all.filter((msg) => !msg.star) : all;
  if (gone.length === all.length) await end(chat, { clear: true });
  else {
    await demand('forget', { chat: String(chat.id), ids: gone.map((msg) => msg.id.id) });
    dropMessages(chat, gone);
  }
  return { status: 200 };
}

/** wa-js awaits the promise that it finds in the chat, and knows the function by the module named in its text. */
function sendClear(chat: Chat, keepStarred = false): Promise<unknown> {
  if (!chat) throw new Error('WAWebStateUtils: there is no chat to clear');
  return (chat.promises['sendClear'] = empty(chat, keepStarred));
}

function sendDelete(chat: Chat): Promise<unknown> {
  return (chat.promises['sendDelete'] = end(chat, { remove: true }).then(() => ({ status: 200 })));
}

/** The person looks at this chat from now on, and at no other. */
function open(chat: Chat | undefined): boolean {
  for (const other of chats.toArray()) {
    if (other.active || other === chat) other.set('active', other === chat);
  }
  return true;
}

/** As the commands are called today, and as they were called before. */
const chatIn = (ask: Chat | { chat: Chat }) => ('chat' in ask ? ask.chat : ask);

Cmd.offer({
  archiveChat: setArchive,
  pinChat: setPin,
  markChatUnread: markUnread,
  openChatBottom: async (ask: Chat | { chat: Chat }) => open(chatIn(ask)),
  openChatFromUnread: async (ask: Chat | { chat: Chat }) => open(chatIn(ask)),
  openChatAt: async (ask: Chat | { chat: Chat }) => open(chatIn(ask)),
  closeChat: () => open(undefined),
  closeActiveChat: () => open(undefined),
  // chat.setChatList. Without a kind: all chats again.
  setActiveFilter: (kind?: string, label?: string) => Cmd.trigger('set_active_filter', kind, label),
  openDrawerMid: (chat: Chat) => open(chat) && drawer.show({ what: 'info', chat }),
  chatSearch: (chat: Chat) => open(chat) && drawer.show({ what: 'search', chat }),
  msgInfoDrawer: (msg: Msg) => {
    const chat = chatOf(msg.id.remote);
    open(chat);
    drawer.show({ what: 'message', chat, msg });
  },
});

Cmd.on('set_active_filter', (kind?: string, label?: string) => {
  chatFilter.updateLabelQuery(kind === undefined ? undefined : { kind, label });
});

/** chat.setInputText writes into the box of the chat that is open. */
const ComposeBoxActions = Object.assign(new EventEmitter(), {
  setTextContent(chat: Chat, text: string): void {
    chat.setComposeContents({ text, timestamp: unixTime() });
  },
});

export const chatActionModules: ModuleTable = {
  WAWebUpdateUnreadChatAction: { sendSeen, markUnread },
  WAWebSetArchiveChatAction: { setArchive },
  WAWebSetPinChatAction: { setPin },
  WAWebChatClearBridge: { sendClear },
  WAWebDeleteChatAction: { sendDelete },
  WAWebComposeBoxActions: { ComposeBoxActions },
};
