/** Messages that the server pushes, and what happens to them. */

import type { Attributes } from '../base/model';
import { MsgKey } from '../ids/msg-key';
import { createWid, type Wid } from '../ids/wid';
import { chatOf } from '../modules/chats';
import { ACK } from '../modules/constants';
import { contacts, lidTable } from '../modules/contacts';
import { identity } from '../modules/identity';
import { Msg, chatReceipts, groupReceipts, messages, singleMessage, type SimpleReceipt } from '../modules/messages';
import type { Pushes, RawMessage } from '../protocol';
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
    ts: push.t2 ?? 0,
  };
  if (from.isGroup()) groupReceipts.handleGroupSimpleReceipt(receipt);
  else chatReceipts.handleChatSimpleReceipt(receipt);
}

export const messageNews: NewsTable = { msg: receiveMessage, receipt: receiveReceipt };

/** Messages of the server's history, oldest first: kept quietly, or caught up where they are known already. */
export function recallMessages(chat: Wid, raws: readonly RawMessage[]): void {
  for (const raw of raws) {
    const known = messages.get(keyOf(chat, raw));
    if (known) catchUpAck(known, raw.ack ?? ACK.CLOCK);
    else ingest(chat, { ...raw, isNewMsg: false });
    seen.record.mark(raw);
  }
}

/** The store calls this for every inbound message, old or new. */
export function ingest(chatId: Wid, attributes: Attributes): Msg | null {
  const raw = attributes as RawMessage;
  const id = keyOf(chatId, raw);
  const known = messages.get(id);
  if (known) return known;
  const me = identity.phone;
  const msg = new Msg({
    ...raw,
    id,
    from: id.fromMe ? me : chatId,
    to: id.fromMe ? chatId : me,
    author: raw.author ? createWid(raw.author) : undefined,
    self: id.fromMe ? 'out' : 'in',
    ack: raw.ack ?? ACK.SENT,
  });
  nameSender(msg);
  const chat = chatOf(chatId);
  chat.append(msg);
  messages.add(msg);
  if (msg.isNewMsg && !id.fromMe) chat.set('unreadCount', Math.max(0, chat.unreadCount) + 1);
  return msg;
}

function keyOf(chat: Wid, raw: RawMessage): MsgKey {
  const participant = raw.author ?? (raw.fromMe && chat.isGroup() ? identity.lid : null) ?? null;
  return new MsgKey({ fromMe: !!raw.fromMe, remote: chat, id: raw.id, participant });
}

/** People call themselves something; that name shows where the address book has none. */
function nameSender(msg: Msg): void {
  if (!msg.id.fromMe && msg.notifyName && msg.sender) {
    contacts.getOrAdd(msg.sender).set('pushname', msg.notifyName);
  }
}

/** Receipts that came while there was no connection. */
function catchUpAck(msg: Msg, ack: number): void {
  if (ack <= msg.ack || !msg.id.fromMe) return;
  if (msg.ack < ACK.SENT) msg.raiseAck(ACK.SENT);
  if (ack > ACK.SENT) receiveReceipt({ chat: String(msg.id.remote), ids: [msg.id.id], ack });
}
