/** From "linked" to "ready": the changes come in the order in which the real page makes them. */

import { createWid } from '../ids/wid';
import { applySettings } from '../modules/chat-actions';
import { chatOf } from '../modules/chats';
import { Cmd, Conn, Socket, Stream } from '../modules/connection';
import { identity } from '../modules/identity';
import { statuses } from '../modules/status';
import { progressed } from '../modules/sync-progress';
import type { ChatEntry, Snapshot } from '../protocol';
import type { History } from './history';
import type { Inbox } from './inbox';
import { outbox } from './outbox';
import { takeInPeople } from './people';

/** Where the account's past goes: news to the inbox, the rest quietly into the stores. */
export interface Intake {
  inbox: Inbox;
  history: History;
}

/** First entry of this page into the account. */
export async function enter(snapshot: Snapshot, intake: Intake): Promise<void> {
  Socket.set({ state: 'CONNECTED', stream: 'SYNCING' });
  // Silent: the change of `ref` announces a QR code, and there is none.
  Conn.set('ref', null, { silent: true });
  Conn.set({ connected: true, wid: createWid(snapshot.me.pn), pushname: snapshot.me.name });
  Stream.enter('SYNCING', 'SYNCING');
  Cmd.announceMainLoaded();
  progressed(0);
  takeIn(snapshot, intake);
  progressed(50);
  outbox.resume();
  await Promise.all([
    new Promise((resolve) => setTimeout(resolve, snapshot.syncMs)),
    intake.history.whole(),
  ]);
  progressed(100);
  settle();
  intake.inbox.open();
}

/** The connection is back, and the page has kept its state: catch up, without a second sync. */
export function resume(snapshot: Snapshot, intake: Intake): void {
  Socket.set({ state: 'CONNECTED', stream: 'RESUMING' });
  Stream.enter('MAIN', 'RESUMING');
  takeIn(snapshot, intake);
  outbox.resume();
  if (intake.history.complete) settle();
  else void intake.history.whole().then(settle);
}

function settle(): void {
  // A break or a logout in the meantime has said otherwise already.
  if (Socket.state !== 'CONNECTED' || !identity.linked) return;
  Socket.set('stream', 'CONNECTED');
  Stream.enter('MAIN', 'NORMAL');
  Socket.set('hasSynced', true);
  statuses.announceSync();
}

function takeIn(snapshot: Snapshot, intake: Intake): void {
  takeInPeople(snapshot);
  for (const entry of snapshot.chats) takeInChat(entry, intake.history);
  void intake.history.begin();
}

function takeInChat(entry: ChatEntry, history: History): void {
  const chat = chatOf(entry.id);
  if (entry.name) chat.set('name', entry.name);
  if (entry.unread !== undefined) chat.set('unreadCount', entry.unread);
  applySettings(chat, entry);
  history.takeChat(entry.id, entry.msgs ?? []);
}
