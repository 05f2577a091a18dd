/** What arrives when messages were delivered, read or played. */

import type { Attributes } from '../../base/model';
import { MsgKey } from '../../ids/msg-key';
import type { Wid } from '../../ids/wid';
import { identity } from '../identity';
import { messages } from './store';

/** The shape is the one wa-js unpacks. */
export interface SimpleReceipt {
  ack: number;
  ackString: 'delivery' | 'read' | 'played';
  from: Wid;
  participant: Wid | null;
  recipient: null;
  externalIds: string[];
  ts: number;
}

function applyReceipt(receipt: SimpleReceipt): void {
  for (const id of receipt.externalIds) {
    const participant = receipt.from.isGroup() ? identity.lid ?? null : null;
    messages.get(new MsgKey({ fromMe: true, remote: receipt.from, id, participant }))?.raiseAck(receipt.ack);
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
