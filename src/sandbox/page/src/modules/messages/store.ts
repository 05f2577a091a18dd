/** Where messages are: all of them in one store, and those of each chat in their order. */

import { Collection } from '../../base/collection';
import { Model, type Attributes } from '../../base/model';
import type { MsgKey } from '../../ids/msg-key';
import type { Wid } from '../../ids/wid';
import { Msg } from './model';

/** The messages of one chat, oldest first. */
export class ChatMessages extends Collection<Msg> {
  static override model = Msg;
  /** wppconnect loads earlier messages until there are none. */
  readonly msgLoadState = { noEarlierMsgs: false, isLoadingEarlierMsgs: false };

  /** Messages of the past, oldest first, in any order with those that are here. */
  addPast(msgs: readonly Msg[]): void {
    this.addBefore(msgs);
    this.sort((left, right) => left.t - right.t);
  }
}

/** Where a text may be; the `body` of a file is its picture. */
const SEARCHED = ['body', 'caption', 'filename', 'loc', 'pollName', 'vcardFormattedName'];

/** Turns a frame's raw message into models. Given by the inbound part of the runtime. */
type Ingest = (chat: Wid, raw: Attributes) => Msg | null;

/** All messages of all chats. wa-js wraps `processMultipleMessages` on this object to see revocations. */
export class MsgCollectionImpl extends Collection<Msg> {
  static override model = Msg;
  readonly #byId = new Map<string, Msg>();
  #ingest: Ingest = () => null;

  constructor() {
    super();
    this.on('add', (msg: Msg) => this.#byId.set(`${msg.id.remote} ${msg.id.id}`, msg));
    this.on('remove', (msg: Msg) => this.#byId.delete(`${msg.id.remote} ${msg.id.id}`));
  }

  onIncoming(ingest: Ingest): void {
    this.#ingest = ingest;
  }

  async processMultipleMessages(chat: Wid, raws: Attributes[]): Promise<(Msg | null)[]> {
    return raws.map((raw) => this.#ingest(chat, raw));
  }

  /** By its bare id: the key of an own group message depends on the client that has sent it. */
  locate(chat: Wid, id: string): Msg | undefined {
    return this.#byId.get(`${chat} ${id}`);
  }

  async getMessagesById(ids: (MsgKey | string)[]): Promise<{ messages: Msg[] }> {
    return { messages: ids.flatMap((id) => this.get(id) ?? []) };
  }

  /** whatsapp-web.js searchMessages. Pages count from 1. */
  async search(query: string, page = 1, count = 50, remote?: Wid | string): Promise<{ messages: Msg[]; eof: boolean }> {
    const found = this.matching(query, remote);
    const from = (Math.max(1, page) - 1) * count;
    return { messages: found.slice(from, from + count), eof: found.length <= from + count };
  }

  /** Messages that say this, latest first. */
  matching(query: string, remote?: Wid | string): Msg[] {
    const sought = query.toLowerCase();
    const says = (text: unknown) => typeof text === 'string' && text.toLowerCase().includes(sought);
    return this
      .filter((msg) => (!remote || msg.id.remote.equals(remote)) &&
        SEARCHED.some((field) => says(msg.get(field))) && !(msg.isMedia && !says(msg.caption) && !says(msg.get('filename'))))
      .sort((left, right) => right.t - left.t);
  }
}

export const messages = new MsgCollectionImpl();

/** A chat, as far as messages need one. */
export interface SendTarget extends Model {
  readonly id: Wid;
  readonly msgs: ChatMessages;
  append(msg: Msg): void;
}
