/** Messages: the store, sending, and the receipts of what was sent. */

import { Collection } from '../base/collection';
import { Model, type Attributes } from '../base/model';
import { MsgKey } from '../ids/msg-key';
import type { Wid } from '../ids/wid';
import type { MessageContent } from '../protocol';
import type { ModuleTable } from '../registry';
import { notSimulated } from '../registry';
import { outbox } from '../runtime/outbox';
import { ACK, SendMsgResult } from './constants';
import { contacts, type Contact } from './contacts';
import { identity } from './identity';

/**
 * Which fields of a message travel, by its type. A type that is missing here cannot be sent: add it
 * together with the server's and the view's part.
 */
const CONTENT_FIELDS: Record<string, readonly string[]> = {
  chat: ['body', 'quotedStanzaID'],
};

const MEDIA_TYPES = ['image', 'video', 'audio', 'ptt', 'document', 'sticker'];
const NOTIFICATION_TYPES = ['gp2', 'e2e_notification', 'notification', 'call_log'];

/** wa-js finds the class by `proxyName`, and adds `chat`, `isGroupMsg` and `quotedMsgId` to it. */
export class Msg extends Model {
  declare readonly id: MsgKey;
  declare type: string;
  declare body: string | undefined;
  declare ack: number;
  /** When it was sent, in Unix seconds. */
  declare t: number;
  declare from: Wid;
  declare to: Wid;
  /** Who wrote, in a group. */
  declare author: Wid | undefined;
  declare notifyName: string | undefined;
  /** True for what happens now, false for history. chat.new_message reports only new ones. */
  declare isNewMsg: boolean;

  /** whatsapp-web.js unwraps a message before it is quoted. */
  unsafe(): this {
    return this;
  }

  get isSentByMe(): boolean {
    return this.id.fromMe;
  }

  get sender(): Wid | undefined {
    return this.id.fromMe ? identity.phone : this.author ?? this.from;
  }

  get senderObj(): Contact | undefined {
    return this.sender && contacts.getOrAdd(this.sender);
  }

  get isMedia(): boolean {
    return MEDIA_TYPES.includes(this.type);
  }

  get isNotification(): boolean {
    return NOTIFICATION_TYPES.includes(this.type);
  }

  get isStatusV3(): boolean {
    return this.id.remote.isStatus();
  }

  /** What a reply says about the message it answers. */
  msgContextInfo(_chat: Wid): Attributes {
    return {
      quotedMsg: { type: this.type, body: this.body },
      quotedStanzaID: this.id.id,
      quotedParticipant: this.sender,
    };
  }

  /** Acks only rise; -1 (failed) ends a message that never left. */
  raiseAck(ack: number): void {
    const lost = ack === ACK.FAILED && this.ack === ACK.CLOCK;
    if (lost || ack > (this.ack ?? ACK.CLOCK)) this.set('ack', ack);
  }
}
Object.assign(Msg.prototype, { proxyName: 'msg' });

/** The messages of one chat, oldest first. */
export class ChatMessages extends Collection<Msg> {
  static override model = Msg;
}

/** Turns a frame's raw message into models. Given by the inbound part of the runtime. */
type Ingest = (chat: Wid, raw: Attributes) => Msg | null;

/** All messages of all chats. wa-js wraps `processMultipleMessages` on this object to see revocations. */
class MsgCollectionImpl extends Collection<Msg> {
  static override model = Msg;
  #ingest: Ingest = () => null;

  onIncoming(ingest: Ingest): void {
    this.#ingest = ingest;
  }

  async processMultipleMessages(chat: Wid, raws: Attributes[]): Promise<(Msg | null)[]> {
    return raws.map((raw) => this.#ingest(chat, raw));
  }

  async getMessagesById(ids: MsgKey[]): Promise<{ messages: Msg[] }> {
    return { messages: ids.flatMap((id) => this.get(id) ?? []) };
  }
}

export const messages = new MsgCollectionImpl();

/** A chat, as far as sending needs one. */
export interface SendTarget extends Model {
  readonly id: Wid;
  readonly msgs: ChatMessages;
  append(msg: Msg): void;
}

interface SendResult {
  messageSendResult: keyof typeof SendMsgResult;
  t: number;
  count: null;
}

/**
 * Shows the message at once (ack 0) and hands it to the outbox. Returns two promises, as an array: the
 * message, and what became of it once the server has answered. While there is no connection the second
 * one stays open, and the message goes out under the same id when the connection is back.
 */
export function addAndSendMsgToChat(
  chat: SendTarget, raw: Msg | Attributes,
): [Promise<Msg>, Promise<SendResult>] {
  const msg = raw instanceof Msg ? raw : new Msg({ notifyName: identity.me?.name, ...raw });
  const present = messages.get(msg.id);
  if (present) return [Promise.resolve(present), transmit(chat, present)];
  chat.append(msg);
  messages.add(msg);
  return [Promise.resolve(msg), transmit(chat, msg)];
}

async function transmit(chat: SendTarget, msg: Msg): Promise<SendResult> {
  const content = contentOf(msg);
  if (!content) return refused(msg);
  const answer = await outbox.send({
    to: String(chat.id),
    id: msg.id.id,
    msg: content,
  });
  if (answer.error) return refused(msg);
  msg.raiseAck(ACK.SENT);
  return { messageSendResult: SendMsgResult.OK, t: answer.at, count: null };
}

function refused(msg: Msg): SendResult {
  msg.raiseAck(ACK.FAILED);
  return { messageSendResult: SendMsgResult.ERROR_UNKNOWN, t: msg.t, count: null };
}

function contentOf(msg: Msg): MessageContent | undefined {
  const fields = CONTENT_FIELDS[msg.type];
  if (!fields) return undefined;
  const present = fields.filter((field) => msg.get(field) != null);
  return { type: msg.type, ...Object.fromEntries(present.map((field) => [field, msg.get(field)])) };
}

/** What arrives when messages were delivered or read. The shape is the one wa-js unpacks. */
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

/** wa-js wraps this to skip other people's status posts: every inbound message passes here first. */
export const singleMessage = {
  handleSingleMsg: async (chat: Wid, raw: Attributes): Promise<void> => {
    await messages.processMultipleMessages(chat, [raw]);
  },
};

interface FindAround {
  anchor: MsgKey;
  count: number;
  direction?: 'before' | 'after';
}

/** The neighbours of a message in its chat: chat.getMessages. */
async function findAround({ anchor, count, direction = 'before' }: FindAround) {
  const chat = messages.filter((msg) => msg.id.remote.equals(anchor.remote));
  const at = chat.findIndex((msg) => msg.id.equals(anchor));
  if (at < 0) return { status: 404, messages: [] };
  const found = direction === 'after'
    ? chat.slice(at + 1, at + 1 + count)
    : chat.slice(Math.max(0, at - count), at);
  return { status: 200, messages: found };
}

export const messageModules: ModuleTable = {
  WAWebMsgModel: { Msg },
  // chat.getMessageById looks here first; chat.new_message is this store's `add`.
  WAWebMsgCollection: { MsgCollection: messages, MsgCollectionImpl },
  // chat.getMessages
  WAWebDBMessageFindLocal: {
    msgFindByDirection: findAround,
    msgFindBefore: (ask: FindAround) => findAround({ ...ask, direction: 'before' }),
    msgFindAfter: (ask: FindAround) => findAround({ ...ask, direction: 'after' }),
  },
  // chat.getMessageById falls back to a search on the phone. Here all history is in the stores already.
  // One parameter: wa-js looks at the function's length to choose how to call it.
  WAWebChatMessageSearch: {
    getSearchContext: (_ask: { chat: unknown; msgKey: unknown }) => ({
      collection: { loadAroundPromise: Promise.resolve(), get: () => undefined },
    }),
  },
  WAWebMsgReply: { canReplyMsg: () => true },
  // chat.new_message resolves the message that a reply quotes.
  WAWebQuotedMsgModelUtils: {
    getQuotedMsgObj: (msg: Msg) =>
      messages.findFirst((other) => other.id.id === msg.get('quotedStanzaID')),
  },
  // chat.sendRawMessage asks for the chat's disappearing-messages fields. There are none.
  WAWebGetEphemeralFieldsMsgActionsUtils: { getEphemeralFields: () => ({}) },
  // chat.sendTextMessage and everything else that sends.
  WAWebSendMsgChatAction: { addAndSendMsgToChat },
  WAWebHandleMsgSimpleReceipt: chatReceipts,
  WAWebHandleGroupSimpleReceipt: groupReceipts,
  WAWebHandleStatusSimpleReceipt: { handleStatusSimpleReceipt: notSimulated('handleStatusSimpleReceipt') },
  WAWebHandleSingleMsg: singleMessage,
  // chat/patch wraps it: which messages count as unread.
  WAWebGetIsUnreadType: { getIsUnreadType: (msg: Msg) => !msg.isNotification },
  // chat.sendTextMessage previews links with these, if findFirstWebLink found any.
  WAWebLinkPreviewChatAction: { getLinkPreview: async () => null },
  WAWebGenMinimalLinkPreview: { genMinimalLinkPreview: async () => null },
  // Events of later message types (chat.new_reaction, chat.poll_response) wrap these at start.
  WAWebReactionsMsgAction: {
    addOrUpdateReactionsModelCollection: notSimulated('addOrUpdateReactionsModelCollection'),
  },
  WAWebPollsVotesDb: { upsertVotesDb: notSimulated('upsertVotesDb') },
};
