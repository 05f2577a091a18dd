/** What arrives when messages were delivered, read or played. */

import type { Attributes } from '../../base/model';
import type { Wid } from '../../ids/wid';
import { link } from '../../runtime/socket';
import { ACK } from '../constants';
import { noteReceipt } from './info';
import type { Msg } from './model';
import { messages } from './store';
import { targetOf } from './target';

/** The shape is the one wa-js unpacks. */
export interface SimpleReceipt {
  ack: number;
  ackString: 'delivery' | 'read' | 'played';
  from: Wid;
  participant: Wid | null;
  recipient: null;
  externalIds: string[];
  ts: number;
  /** How far a message has come for everybody it went to. */
  all?: number;
}

/** A message to a group has come as far as it has for everybody. */
function applyReceipt({ from, participant, externalIds, ack, ts, all }: SimpleReceipt): void {
  for (const id of externalIds) {
    const msg = messages.locate(from, id);
    if (!msg?.id.fromMe) continue;
    noteReceipt(msg, participant ?? from, ack, ts);
    msg.raiseAck(all ?? ack);
  }
}

/** wa-js wraps these for chat.msg_ack_change (ack 2 and up): call them through their object only. */
export const chatReceipts = { handleChatSimpleReceipt: applyReceipt };
export const groupReceipts = { handleGroupSimpleReceipt: applyReceipt };
export const statusReceipts = { handleStatusSimpleReceipt: applyReceipt };

/** wa-js wraps this to skip other people's status posts: every inbound message passes here first. */
export const singleMessage = {
  handleSingleMsg: async (chat: Wid, raw: Attributes): Promise<void> => {
    await messages.processMultipleMessages(chat, [raw]);
  },
};

/** wa-js: chat.markPlayed. A voice note was listened to; its writer hears of it. */
export async function markPlayed(msg: Msg): Promise<void> {
  if (!canMarkPlayed(msg)) return;
  const { chat, id, author } = targetOf(msg);
  link.notify('played', { chat, ids: [id], ...(author && { author }) });
  msg.raiseAck(ACK.PLAYED);
}

export function canMarkPlayed(msg: Msg): boolean {
  return !msg.id.fromMe && (msg.type === 'ptt' || Boolean(msg.get('isViewOnce'))) && msg.ack < ACK.PLAYED;
}
