/** People, groups, and settings of chats: what the greeting holds, and the news of them. */

import { createWid } from '../ids/wid';
import { blocklist } from '../modules/blocklist';
import { changeChat } from '../modules/chat-actions';
import { chats } from '../modules/chats';
import { Conn } from '../modules/connection';
import { contacts, lidTable } from '../modules/contacts';
import { takeGroup } from '../modules/group-actions';
import { groups } from '../modules/groups';
import { identity } from '../modules/identity';
import { mutes } from '../modules/mute';
import { presences } from '../modules/presence';
import { abouts, pictures } from '../modules/profile';
import { statuses } from '../modules/status';
import type { ContactEntry, GroupInfo, Pushes, Snapshot } from '../protocol';
import { receiveGroup } from './groups';
import type { NewsTable } from './news';

export const peopleNews: NewsTable = {
  presence: receivePresence,
  contact: takeContact,
  about: ({ id, about }) => void abouts.take(createWid(id), about),
  blocklist: ({ ids }) => blocklist.replace(ids),
  chat_set: changeChat,
  group: receiveGroup,
};

/** Before the chats: they are called after people and groups. */
export function takeInPeople({ me, contacts: people, groups: all, blocklist: blocked }: Snapshot): void {
  lidTable.learn(me.pn, me.lid);
  contacts.getOrAdd(createWid(me.pn)).set({ pushname: me.name });
  for (const entry of people) takeContact(entry);
  for (const info of all) takeInGroup(info);
  blocklist.replace(blocked);
  for (const presence of presences.toArray()) presence.resubscribe();
  // As the real page does for what it shows: clients ask the store whether there is a picture to take away.
  if (identity.phone) void pictures.find(identity.phone).catch(() => undefined);
}

function takeInGroup(info: GroupInfo): void {
  takeGroup(info);
  pictures.getOrAdd(createWid(info.id)).show(info.picture);
}

function takeContact(entry: ContactEntry): void {
  if (identity.isMe(entry.id)) renameMe(entry.pushname ?? entry.name);
  pictures.getOrAdd(contacts.take(entry).id).show(entry.picture);
}

/** On the phone, or on another page. */
function renameMe(name: string | undefined): void {
  if (name === undefined) return;
  identity.rename(name);
  Conn.set('pushname', name);
}

function receivePresence({ id, online, state, chat }: Pushes['presence']): void {
  if (chat === undefined) presences.report(createWid(id), online, state);
  else presences.reportIn(createWid(chat), createWid(id), state);
}

/** The account is no longer on this page. */
export function forgetPeople(): void {
  for (const store of [chats, contacts, groups, statuses, mutes, presences, pictures, abouts]) store.reset();
  blocklist.replace([]);
}
