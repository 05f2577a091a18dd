/** From "linked" to "ready": the changes come in the order in which the real page makes them. */

import { createWid } from '../ids/wid';
import { chatOf } from '../modules/chats';
import { Cmd, Conn, Socket, Stream } from '../modules/connection';
import { contacts, lidTable } from '../modules/contacts';
import { identity } from '../modules/identity';
import type { ChatEntry, ContactEntry, Snapshot } from '../protocol';
import { recallMessage } from './inbound';
import type { Inbox } from './inbox';
import { outbox } from './outbox';
import type { SeenMessages } from './seen';

/** Where the snapshot's messages go: news to the inbox, the rest quietly into the stores. */
export interface Intake {
  inbox: Inbox;
  seen: SeenMessages;
}

/**
 * First entry of this page into the account. `justLinked`: all there is counts as history, as on a page
 * that never saw this account before.
 */
export async function enter(snapshot: Snapshot, intake: Intake, justLinked: boolean): Promise<void> {
  Socket.set({ state: 'CONNECTED', stream: 'SYNCING' });
  // Silent: the change of `ref` announces a QR code, and there is none.
  Conn.set('ref', null, { silent: true });
  Conn.set({ connected: true, wid: createWid(snapshot.me.pn), pushname: snapshot.me.name });
  Stream.enter('SYNCING', 'SYNCING');
  Cmd.announceMainLoaded();
  takeIn(snapshot, intake, justLinked);
  outbox.resume();
  await new Promise((resolve) => setTimeout(resolve, snapshot.syncMs));
  settle();
  intake.inbox.open();
}

/** The connection is back, and the page has kept its state: catch up, without a second sync. */
export function resume(snapshot: Snapshot, intake: Intake): void {
  Socket.set({ state: 'CONNECTED', stream: 'RESUMING' });
  Stream.enter('MAIN', 'RESUMING');
  takeIn(snapshot, intake, false);
  outbox.resume();
  settle();
}

function settle(): void {
  // A break or a logout in the meantime has said otherwise already.
  if (Socket.state !== 'CONNECTED' || !identity.linked) return;
  Socket.set('stream', 'CONNECTED');
  Stream.enter('MAIN', 'NORMAL');
  Socket.set('hasSynced', true);
}

function takeIn(snapshot: Snapshot, intake: Intake, justLinked: boolean): void {
  for (const entry of snapshot.contacts) takeInContact(entry);
  for (const entry of snapshot.chats) takeInChat(entry, intake, justLinked);
}

function takeInContact(entry: ContactEntry): void {
  lidTable.learn(entry.id, entry.lid);
  contacts.getOrAdd(createWid(entry.id)).set({ name: entry.name, isAddressBookContact: 1 });
}

/** The server's count of what nobody has seen covers the news too, and each of them raises it itself. */
function takeInChat(entry: ChatEntry, { inbox, seen }: Intake, justLinked: boolean): void {
  const chat = chatOf(entry.id);
  if (entry.name) chat.set('name', entry.name);
  const all = entry.msgs ?? [];
  const news = justLinked ? [] : all.filter((raw) => seen.isNew(raw));
  for (const raw of all) {
    if (news.includes(raw)) continue;
    recallMessage(chat.id, raw);
    seen.mark(raw);
  }
  if (entry.unread !== undefined) chat.set('unreadCount', Math.max(0, entry.unread - news.length));
  for (const raw of news) inbox.take({ t: 'msg', chat: entry.id, raw });
}
