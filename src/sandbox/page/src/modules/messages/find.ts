/** Looking for messages: in the page, and beyond it on the server. */

import { MsgKey } from '../../ids/msg-key';
import { createWid, type Wid } from '../../ids/wid';
import { loadEarlier } from '../../runtime/history';
import { findLinks } from '../by-name/text';
import { chats } from '../chats';
import { ACK } from '../constants';
import { identity } from '../identity';
import { MEDIA_TYPES, Msg } from './model';
import { messages } from './store';

export interface FindAround {
  anchor: MsgKey;
  count: number;
  direction?: 'before' | 'after';
}

/** The neighbours of a message in its chat: chat.getMessages. Goes on asking the server for earlier ones. */
export async function findAround({ anchor, count, direction = 'before' }: FindAround) {
  const chat = chats.get(anchor.remote);
  if (!chat) return { status: 404, messages: [] };
  const place = () => chat.msgs.getModelsArray().findIndex((msg) => msg.id.equals(anchor));
  if (place() < 0) return { status: 404, messages: [] };
  if (direction === 'after') {
    const from = place() + 1;
    return { status: 200, messages: chat.msgs.getModelsArray().slice(from, from + count) };
  }
  while (place() < count && (await loadEarlier(chat)).length);
  const at = place();
  return { status: 200, messages: chat.msgs.getModelsArray().slice(Math.max(0, at - count), at) };
}

interface FindMedia {
  chat: Wid | string;
  anchor?: MsgKey;
  count?: number;
  mediaType?: 'allMedia' | 'allDocs' | 'allLinks';
  direction?: 'before' | 'after';
}

/** chat.getMessages with `media`. */
export async function findMedia({ chat, anchor, count = Infinity, mediaType, direction = 'before' }: FindMedia) {
  const all = chats.get(createWid(chat))?.msgs.toArray() ?? [];
  const at = anchor ? all.findIndex((msg) => msg.id.equals(anchor)) : all.length;
  const near = direction === 'after' ? all.slice(at + 1) : all.slice(0, Math.max(0, at));
  const fitting = near.filter((msg) => isOf(msg, mediaType));
  const messages = direction === 'after' ? fitting.slice(0, count) : fitting.slice(-Math.min(count, fitting.length || 1));
  return { status: 200, messages };
}

function isOf(msg: Msg, kind: FindMedia['mediaType']): boolean {
  switch (kind) {
    case 'allDocs': return msg.type === 'document';
    case 'allLinks': return msg.type === 'chat' && findLinks(msg.body).length > 0;
    default: return MEDIA_TYPES.includes(msg.type) && msg.type !== 'document';
  }
}

/** Messages with a star, latest first. */
export async function findStarred({ chat, count = Infinity }: { chat?: Wid | string; count?: number } = {}) {
  const starred = messages.filter((msg) => Boolean(msg.star) && (!chat || msg.id.remote.equals(chat)));
  return { status: 200, messages: starred.sort((left, right) => right.t - left.t).slice(0, count) };
}

export async function findText({ searchTerm, chat, count = Infinity }: { searchTerm: string; chat?: Wid | string; count?: number }) {
  return { status: 200, messages: messages.matching(searchTerm, chat).slice(0, count) };
}

/** The message that a reply quotes; made from the quote itself where the page does not have it. */
export function quotedMessage(msg: Msg): Msg | undefined {
  const id = msg.get('quotedStanzaID');
  if (typeof id !== 'string') return undefined;
  const remote = createWid((msg.get('quotedRemoteJid') as Wid | undefined) ?? msg.id.remote);
  const present = messages.locate(remote, id);
  const quote = msg.get('quotedMsg');
  if (present || typeof quote !== 'object' || !quote) return present;
  const author = msg.get('quotedParticipant') as Wid | undefined;
  const fromMe = identity.isMe(author);
  const participant = remote.isGroup() || remote.isStatus() ? author ?? null : null;
  return new Msg({
    ...quote,
    id: new MsgKey({ fromMe, remote, id, participant }),
    from: fromMe ? identity.phone : remote, to: fromMe ? remote : identity.phone, author: participant ?? undefined,
    t: msg.t, ack: ACK.SENT, isNewMsg: false,
  });
}
