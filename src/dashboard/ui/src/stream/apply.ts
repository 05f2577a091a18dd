import type { Account, AccountState, Event, Evidence, Message, MessageStatus, WalletEntry } from "../api/types";
import { advance, statusOf } from "./status";

/** Pure changes that one event makes to what the page holds. Objects that it does not touch stay the same. */

export function toAccount(account: Account, event: Event): Account {
  if (event.account !== account.id || event.type !== "account.state_changed") return account;
  // An answer read after this event was written already knows better.
  if (Date.parse(event.timestamp) < Date.parse(account.since)) return account;
  const data = event.data as { to: AccountState; reason: string | null; action: string | null; evidence?: Evidence | null };
  return {
    ...account,
    state: data.to,
    reason: data.reason ?? null,
    action: data.action ?? null,
    evidence: data.evidence ?? null,
    since: event.timestamp,
  };
}

export function toMessage(message: Message, event: Event): Message {
  const next = statusOf(event.type);
  if (next === null || event.data.message !== message.id) return message;
  const status = advance(message.status, next);
  if (status === message.status) return message;
  return { ...message, status, updated_at: event.timestamp, error: errorOf(status, event) ?? message.error };
}

function errorOf(status: MessageStatus, event: Event): Message["error"] {
  const cause = event.data.cause;
  if ((status !== "failed" && status !== "unknown") || typeof cause !== "string") return null;
  return { code: cause, detail: cause };
}

/** The message that a `message.received` event brings, complete enough to show. */
export function received(event: Event): Message | null {
  if (event.type !== "message.received" || event.account === null) return null;
  const data = event.data as {
    message: string;
    wa_message_id: string | null;
    chat: string;
    from: string | null;
    type: string;
    text?: { body: string } | null;
    sender_name: string | null;
  };
  return {
    id: data.message,
    wa_message_id: data.wa_message_id,
    account: event.account,
    direction: "inbound",
    status: "received",
    type: data.type,
    text: data.text ?? null,
    from: data.from,
    to: null,
    chat: data.chat,
    sender_name: data.sender_name ?? null,
    cost: 0,
    priority: "normal",
    send_at: null,
    expires_at: null,
    callback_data: null,
    created_at: event.timestamp,
    updated_at: event.timestamp,
    error: null,
  };
}

/** A list, newest first, with one message put in unless it is there already. */
export function withMessage(list: Message[], message: Message): Message[] {
  if (list.some((m) => m.id === message.id)) return list;
  const at = Date.parse(message.created_at);
  const index = list.findIndex((m) => Date.parse(m.created_at) <= at);
  return index === -1 ? [...list, message] : [...list.slice(0, index), message, ...list.slice(index)];
}

/** A list as just read, with no status behind what the page has already shown. */
export function keepForward(fresh: Message[], shown: Message[]): Message[] {
  const before = new Map(shown.map((m) => [m.id, m.status]));
  return fresh.map((m) => {
    const old = before.get(m.id);
    const status = old === undefined ? m.status : advance(old, m.status);
    return status === m.status ? m : { ...m, status };
  });
}

export interface Conversation {
  chat: string;
  name: string;
  last: Message;
}

/** One line per chat, the most recently used first. */
export function conversations(newestFirst: Message[]): Conversation[] {
  const byChat = new Map<string, Conversation>();
  for (const message of newestFirst) {
    const known = byChat.get(message.chat);
    if (known === undefined) {
      byChat.set(message.chat, {
        chat: message.chat,
        name: message.sender_name ?? phoneOf(message.chat),
        last: message,
      });
    } else if (message.sender_name && known.name === phoneOf(message.chat)) {
      known.name = message.sender_name;
    }
  }
  return [...byChat.values()];
}

/** `+55 …` for a person's chat, the bare id for a group. */
export function phoneOf(chat: string): string {
  const [user = chat, host] = chat.split("@");
  return host === "c.us" || host === "s.whatsapp.net" ? `+${user}` : user;
}

/** The digits of a chat's phone, as the sandbox wants them. */
export function digitsOf(text: string): string {
  return (text.split("@")[0] ?? "").replace(/\D/g, "");
}

/** How an entry moves the available tokens: +1, -1, or 0 where the hold already did. */
export function entrySign(kind: WalletEntry["kind"]): -1 | 0 | 1 {
  if (kind === "hold") return -1;
  return kind === "post" ? 0 : 1;
}
