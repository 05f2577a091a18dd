/**
 * The frames that the page and the sandbox server exchange: one JSON object per text frame over
 * `wss://web.whatsapp.com/ws/chat`. The verb is `t`. A request carries a `rid`, and its answer comes
 * back with the same `rid` and no `t`. Everything else is a push in one direction.
 *
 * Times (`t`, `at`) are Unix seconds. Ids of people and chats are the strings a Wid prints:
 * `5511…@c.us`, `…@lid`, `…@g.us`.
 */

/** Who this page is, once linked. */
export interface Me {
  pn: string;
  lid: string;
  name: string;
}

export interface ContactEntry {
  id: string;
  lid?: string;
  name?: string;
}

/** A message as the server stores and forwards it. Later message types add fields beside `body`. */
export interface RawMessage {
  id: string;
  fromMe?: boolean;
  t: number;
  type: string;
  body?: string;
  ack?: number;
  notifyName?: string;
  /** The person who wrote, where the chat is a group. */
  author?: string;
  [field: string]: unknown;
}

export interface ChatEntry {
  id: string;
  name?: string;
  /** How many inbound messages nobody has seen yet. */
  unread?: number;
  /** Recent history, oldest first. It holds what any session of this account sent. */
  msgs?: RawMessage[];
}

/** The account as a linked page finds it. */
export interface Snapshot {
  me: Me;
  contacts: ContactEntry[];
  chats: ChatEntry[];
  /** How long the page pretends to be busy syncing. */
  syncMs: number;
}

/** What a message says: its type, and the fields that belong to that type. */
export interface MessageContent {
  type: string;
  [field: string]: unknown;
}

/** Requests of the page and the server's answers to them. An answer may be `{error}` instead. */
export interface Requests {
  /** Deliver a message. An id seen before is acknowledged again and delivered once only. */
  send: {
    ask: { to: string; id: string; participant?: string; msg: MessageContent };
    answer: { at: number };
  };
  /** Is this number on WhatsApp? An answer without `wid` means no. */
  exists: { ask: { id: string }; answer: { wid?: string; lid?: string } };
  /** The "about" text. Never answered from a cache, so it proves a round trip. */
  about: { ask: { id: string }; answer: { about?: string } };
  set_about: { ask: { about: string }; answer: object };
  picture: { ask: { id: string }; answer: { url?: string } };
  /** A code to type on the phone, instead of scanning. */
  pairing_code: { ask: { phone: string }; answer: { code: string } };
  logout: { ask: object; answer: object };
}

export type Verb = keyof Requests;
export type Ask<V extends Verb> = Requests[V]['ask'];
export type Answer<V extends Verb> = Requests[V]['answer'] & { error?: string };

/** What the page tells the server without waiting for an answer. */
export interface Notices {
  /** First frame on every connection. Without a token the page asks to be linked. */
  hello: { token?: string; v: string };
  /** Fresh QR references, please. */
  refs: object;
  presence: { available: boolean };
  presence_sub: { id: string };
  chatstate: { id: string; state: 'composing' | 'paused' | 'recording' };
  seen: { id: string };
  /** The "What's new" dialog was dismissed. */
  dismissed: { id: number };
}

/** The greeting: either QR references to show, or the account this token belongs to. */
export type Welcome = { refs: string[]; refMs: number } | Snapshot;

/** What the server pushes. */
export interface Pushes {
  welcome: Welcome;
  refs: { refs: string[] };
  paired: Snapshot & { token: string };
  msg: { chat: string; lid?: string; raw: RawMessage };
  /** Delivered (2), read (3) or played (4), for messages this account sent. */
  receipt: { chat: string; ids: string[]; ack: number; participant?: string; t2?: number };
  presence: { id: string; online: boolean; state?: string };
  logout: { reason?: string };
  /** Something goes wrong with this page on purpose. */
  fault: { id: number; kind: string; forMs: number };
}

export type PushVerb = keyof Pushes;
export type Push = { [V in PushVerb]: { t: V } & Pushes[V] }[PushVerb];
