/** Messages that the server pushes, and what happens to them. */

import type { Attributes } from '../base/model';
import { MsgKey } from '../ids/msg-key';
import { createWid, type Wid } from '../ids/wid';
import { chatOf } from '../modules/chats';
import { ACK, unixTime } from '../modules/constants';
import { contacts, lidTable } from '../modules/contacts';
import { applyEdit, applyForget, applyRevoke, applyStar, revocation } from '../modules/edits';
import { identity } from '../modules/identity';
import { entryOf } from '../modules/media';
import {
  Msg, chatReceipts, groupReceipts, messages, singleMessage, statusReceipts, type SimpleReceipt,
} from '../modules/messages';
import { applyVote, votesFor } from '../modules/polls';
import { downloadsBySelf } from '../modules/preferences';
import { applyReaction, catchUpReactions } from '../modules/reactions';
import type { Pushes, RawMessage, Target } from '../protocol';
import type { NewsTable } from './news';
import { seen } from './seen';

const RECEIPT_NAMES: Record<number, SimpleReceipt['ackString']> = {
  [ACK.RECEIVED]: 'delivery',
  [ACK.READ]: 'read',
  [ACK.PLAYED]: 'played',
};

/** A message that is happening now. It passes the functions that wa-js wraps, in the real order. */
function receiveMessage(push: Pushes['msg']): void {
  lidTable.learn(push.chat, push.lid);
  void singleMessage.handleSingleMsg(createWid(push.chat), { ...push.raw, isNewMsg: true });
  seen.record.mark(push.raw);
}

function receiveReceipt(push: Pushes['receipt']): void {
  const from = createWid(push.chat);
  const ackString = RECEIPT_NAMES[push.ack];
  if (!ackString) return;
  const receipt: SimpleReceipt = {
    ack: push.ack,
    ackString,
    from,
    participant: push.participant ? createWid(push.participant) : null,
    recipient: null,
    externalIds: push.ids,
    ts: push.t2 ?? unixTime(),
    ...(push.all !== undefined && { all: push.all }),
  };
  if (from.isGroup()) groupReceipts.handleGroupSimpleReceipt(receipt);
  else if (from.isStatus()) statusReceipts.handleStatusSimpleReceipt(receipt);
  else chatReceipts.handleChatSimpleReceipt(receipt);
}

function receiveRevocation(push: Pushes['revoked']): void {
  const msg = located(push);
  if (!msg || msg.type === 'revoked') return;
  void singleMessage.handleSingleMsg(createWid(push.chat), revocation(msg, push.revokeId, push.by, push.at));
}

/** The message of this target, if the page has it. */
function located({ chat, id }: Target): Msg | undefined {
  return messages.locate(createWid(chat), id);
}

/** Does something to a message, if the page has it. */
function toMessage<P extends Target>(act: (msg: Msg, push: P) => void): (push: P) => void {
  return (push) => {
    const msg = located(push);
    if (msg) act(msg, push);
  };
}

export const messageNews: NewsTable = {
  msg: receiveMessage,
  receipt: receiveReceipt,
  revoked: receiveRevocation,
  edited: toMessage((msg, { editId, body, at }) => applyEdit(msg, { editId, body, t: at })),
  reaction: toMessage((msg, { reaction }) => applyReaction(msg, reaction, true)),
  vote: toMessage((msg, { vote }) => applyVote(msg, vote, true)),
  starred: ({ chat, ids, star }) => applyStar(createWid(chat), ids, star),
  forgotten: ({ chat, ids }) => applyForget(createWid(chat), ids),
};

/**
 * Messages of the server's history, oldest first: kept quietly, or caught up where they are known already.
 * Returns those that the page did not have.
 */
export function recallMessages(chatId: Wid, raws: readonly RawMessage[]): Msg[] {
  const past: Msg[] = [];
  for (const raw of raws) {
    const known = messages.locate(chatId, raw.id);
    if (known) catchUp(known, raw);
    else past.push(modelOf(chatId, { ...raw, isNewMsg: false }));
    seen.record.mark(raw);
  }
  if (!past.length) return past;
  const chat = chatOf(chatId);
  chat.msgs.addPast(past);
  messages.add(past);
  const last = chat.msgs.last();
  if (last) chat.set({ t: Math.max(chat.t, last.t), lastReceivedKey: last.id });
  return past;
}

/** The store calls this for every inbound message. */
export function ingest(chatId: Wid, attributes: Attributes): Msg | null {
  if (attributes['type'] === 'protocol') return takeBack(attributes);
  const raw = attributes as RawMessage;
  const known = messages.locate(chatId, raw.id);
  if (known) return known;
  const msg = modelOf(chatId, raw);
  const chat = chatOf(chatId);
  chat.append(msg);
  messages.add(msg);
  if (msg.isNewMsg && !msg.id.fromMe && !msg.isNotification) {
    chat.set('unreadCount', Math.max(0, chat.unreadCount) + 1);
    if (downloadsBySelf(msg.type)) void msg.downloadMedia();
  }
  return msg;
}

function takeBack(protocol: Attributes): Msg | null {
  const msg = messages.get(protocol['protocolMessageKey'] as MsgKey) ?? null;
  if (msg) applyRevoke(msg, protocol['author'] as Wid);
  return msg;
}

function modelOf(chatId: Wid, raw: RawMessage): Msg {
  const { edit, revoked, reactions, votes, starred, mediaId, ...attributes } = raw;
  const id = keyOf(chatId, raw);
  const me = identity.phone;
  const shared = chatId.isGroup() || chatId.isStatus();
  const msg = new Msg({
    ...attributes,
    ...people(raw),
    ...(typeof mediaId === 'string' && entryOf(mediaId, String(raw['filehash'] ?? ''), raw.t)),
    id,
    from: id.fromMe ? me : chatId,
    to: id.fromMe ? chatId : me,
    author: raw.author ? createWid(raw.author) : id.fromMe && shared ? me : undefined,
    self: id.fromMe ? 'out' : 'in',
    ack: raw.ack ?? ACK.SENT,
    ...(starred && { star: true }),
    ...(edit && {
      latestEditMsgKey: new MsgKey({ ...id, participant: id.participant ?? null, id: edit.id }),
      latestEditSenderTimestampMs: edit.t * 1000,
    }),
    ...(revoked && { protocolMessageKey: id, revokeSender: createWid(revoked.by) }),
  });
  for (const reaction of reactions ?? []) applyReaction(msg, reaction, false);
  for (const vote of votes ?? []) applyVote(msg, vote, false);
  nameSender(msg);
  return msg;
}

/** Ids of people come as texts. */
function people(raw: RawMessage): Attributes {
  const found: Attributes = {};
  for (const field of ['mentionedJidList', 'recipients']) {
    const ids = raw[field];
    if (Array.isArray(ids)) found[field] = ids.map((id) => createWid(String(id)));
  }
  for (const field of ['quotedParticipant', 'quotedRemoteJid']) {
    const id = raw[field];
    if (typeof id === 'string') found[field] = createWid(id);
  }
  return found;
}

function keyOf(chat: Wid, raw: RawMessage): MsgKey {
  return new MsgKey({ fromMe: !!raw.fromMe, remote: chat, id: raw.id, participant: writerIn(chat, raw) });
}

/** Who wrote, as far as the key says it: own messages to groups go under the hidden id. */
function writerIn(chat: Wid, raw: RawMessage): Wid | string | null {
  if (raw.fromMe && chat.isGroup()) return identity.lid ?? null;
  if (raw.fromMe && chat.isStatus()) return identity.phone ?? null;
  return raw.author ?? null;
}

/** People call themselves something; that name shows where the address book has none. */
function nameSender(msg: Msg): void {
  if (!msg.id.fromMe && msg.notifyName && msg.sender) {
    contacts.getOrAdd(msg.sender).set('pushname', msg.notifyName);
  }
}

/** What happened to a message while there was no connection. */
function catchUp(msg: Msg, raw: RawMessage): void {
  if (raw.revoked && msg.type !== 'revoked') {
    receiveRevocation({ ...targetIn(msg), revokeId: raw.revoked.id, by: raw.revoked.by, at: raw.revoked.t });
    return;
  }
  catchUpAck(msg, raw.ack ?? ACK.CLOCK);
  const edited = msg.get('latestEditMsgKey') as MsgKey | undefined;
  if (raw.edit && edited?.id !== raw.edit.id) {
    applyEdit(msg, { editId: raw.edit.id, body: String(raw['caption'] ?? raw.body ?? ''), t: raw.edit.t });
  }
  catchUpReactions(msg, raw.reactions ?? []);
  const votes = votesFor(msg.id);
  for (const vote of raw.votes ?? []) {
    if (!votes.some(({ msgKey }) => msgKey.id === vote.id)) applyVote(msg, vote, true);
  }
  if (Boolean(raw.starred) !== Boolean(msg.star)) msg.set('star', Boolean(raw.starred));
}

function targetIn(msg: Msg): Target {
  return { chat: String(msg.id.remote), id: msg.id.id, fromMe: msg.id.fromMe };
}

function catchUpAck(msg: Msg, ack: number): void {
  if (ack <= msg.ack || !msg.id.fromMe) return;
  if (msg.ack < ACK.SENT) msg.raiseAck(ACK.SENT);
  // After whoever has heard of the first step, and looks at the message a moment later.
  if (ack > ACK.SENT) queueMicrotask(() => receiveReceipt({ chat: String(msg.id.remote), ids: [msg.id.id], ack }));
}
