/** Looking for messages that are in the page. */

import type { MsgKey } from '../../ids/msg-key';
import { messages } from './store';

export interface FindAround {
  anchor: MsgKey;
  count: number;
  direction?: 'before' | 'after';
}

/** The neighbours of a message in its chat: chat.getMessages. */
export async function findAround({ anchor, count, direction = 'before' }: FindAround) {
  const chat = messages.filter((msg) => msg.id.remote.equals(anchor.remote));
  const at = chat.findIndex((msg) => msg.id.equals(anchor));
  if (at < 0) return { status: 404, messages: [] };
  const found = direction === 'after'
    ? chat.slice(at + 1, at + 1 + count)
    : chat.slice(Math.max(0, at - count), at);
  return { status: 200, messages: found };
}
