/** Where messages are: all of them in one store, and those of each chat in their order. */

import { Collection } from '../../base/collection';
import { Model, type Attributes } from '../../base/model';
import type { MsgKey } from '../../ids/msg-key';
import type { Wid } from '../../ids/wid';
import { Msg } from './model';

/** The messages of one chat, oldest first. */
export class ChatMessages extends Collection<Msg> {
  static override model = Msg;
}

/** Turns a frame's raw message into models. Given by the inbound part of the runtime. */
type Ingest = (chat: Wid, raw: Attributes) => Msg | null;

/** All messages of all chats. wa-js wraps `processMultipleMessages` on this object to see revocations. */
export class MsgCollectionImpl extends Collection<Msg> {
  static override model = Msg;
  #ingest: Ingest = () => null;

  onIncoming(ingest: Ingest): void {
    this.#ingest = ingest;
  }

  async processMultipleMessages(chat: Wid, raws: Attributes[]): Promise<(Msg | null)[]> {
    return raws.map((raw) => this.#ingest(chat, raw));
  }

  async getMessagesById(ids: (MsgKey | string)[]): Promise<{ messages: Msg[] }> {
    return { messages: ids.flatMap((id) => this.get(id) ?? []) };
  }
}

export const messages = new MsgCollectionImpl();

/** A chat, as far as messages need one. */
export interface SendTarget extends Model {
  readonly id: Wid;
  readonly msgs: ChatMessages;
  append(msg: Msg): void;
}
