/** What comes in, as the engine is told of it, and what is in the page's store. */

import { Room } from './answers';
import { within } from './patience';
import { readyWpp } from './state';
import { type Message, type Wid, type Wpp, addressOf, keyOf } from './wpp';

export interface Received {
  id: string;
  chat: string;
  from: string;
  sender_name: string | null;
  /** WhatsApp's word for its type; `chat` is text. */
  type: string;
  /** Empty for what is not text. */
  text: string;
  sent_at_s: number;
}

/** A message in the page's store, without what it says. */
export interface Seen {
  /** The page's own key: under this it can be asked for. */
  key: string;
  id: string;
  sent_at_s: number;
}

/** What stands in a chat and is no message from anybody. Types that are not known here are somebody's words. */
const NOTICES = new Set([
  'notification',
  'notification_template',
  'group_notification',
  'gp2',
  'broadcast_notification',
  'e2e_notification',
  'newsletter_notification',
  'call_log',
  'protocol',
  'ciphertext',
  'revoked',
  'reaction',
  'reaction_enc',
  'poll_update',
  'keep_in_chat',
  'pin_message',
  'debug',
  'debug_placeholder',
]);

/** How many messages of a chat are looked at first; then twice as many, until the time asked for is reached. */
const FIRST_LOOK = 50;

/** How long what was found is kept at hand for whoever asks for it. */
const AT_HAND_MS = 60_000;

export function isInbound(message: Message): boolean {
  const { fromMe, remote } = keyOf(message);
  const told = remote.server === 'c.us' || remote.server === 'lid' || remote.server === 'g.us';
  return !fromMe && told && !NOTICES.has(String(message.type ?? 'unknown'));
}

export function received(message: Message): Received {
  const key = keyOf(message);
  const writer = (message.author ?? message.from ?? key.remote) as Wid;
  const type = String(message.type ?? 'unknown');
  return {
    id: key.id,
    chat: addressOf(key.remote),
    from: addressOf(writer),
    sender_name: message.notifyName || null,
    type: type.slice(0, 64),
    text: type === 'chat' ? (message.body ?? '') : '',
    sent_at_s: message.t ?? Math.floor(Date.now() / 1_000),
  };
}

/** What the last comparison found, by key. */
let found = new Map<string, Message>();
let forgetting: ReturnType<typeof setTimeout> | undefined;

/**
 * The inbound messages since a moment that the page has, in memory or in its database: the oldest `most` of them, in the
 * order in which they were sent. Chats without anything new cost nothing.
 */
export function inboundSince(order: {
  since_s: number;
  most: number;
  deadline_ms: number;
}): Promise<{ messages: Seen[]; more: boolean }> {
  const wpp = readyWpp();
  return within(order.deadline_ms, async (expired) => {
    const all = new Map<string, Message>();
    const chats = wpp.whatsapp.ChatStore.getModelsArray() as Wpp.whatsapp.ChatModel[];
    for (const chat of chats.filter((chat) => (chat.t ?? 0) >= order.since_s)) {
      if (expired()) break;
      for (const message of await since(wpp, chat, order.since_s, expired)) {
        if ((message.t ?? 0) >= order.since_s && isInbound(message)) all.set(String(message.id), message);
      }
    }
    const sorted = [...all].sort(([, one], [, other]) => (one.t ?? 0) - (other.t ?? 0));
    const taken = sorted.slice(0, order.most);
    keepAtHand(taken);
    return {
      messages: taken.map(([key, message]) => ({ key, id: keyOf(message).id, sent_at_s: message.t ?? 0 })),
      more: sorted.length > taken.length,
    };
  });
}

/**
 * The messages of these keys, in this order; what the page has lost meanwhile is left out. Ends when the answer is full:
 * `answered` says of how many keys, from the first on, all is said; the others are to be asked for again.
 */
export async function fetchInbound(order: { keys: string[] }): Promise<{ messages: Received[]; answered: number }> {
  const wpp = readyWpp();
  const room = new Room();
  const messages: Received[] = [];
  let answered = 0;
  for (const key of order.keys) {
    if (room.isFull()) break;
    answered += 1;
    const message = found.get(key) ?? (await byKey(wpp, key));
    if (!message || !isInbound(message)) continue;
    const told = received(message);
    messages.push(told);
    room.take(told);
  }
  return { messages, answered };
}

function keepAtHand(messages: [string, Message][]): void {
  found = new Map(messages);
  clearTimeout(forgetting);
  forgetting = setTimeout(() => found.clear(), AT_HAND_MS);
}

/** The chat's messages at least back to a moment, as far as the page has them. */
async function since(
  wpp: typeof Wpp,
  chat: Wpp.whatsapp.ChatModel,
  since_s: number,
  expired: () => boolean,
): Promise<Message[]> {
  for (let count = FIRST_LOOK; ; count *= 2) {
    const messages = ((await wpp.chat.getMessages(chat.id, { count })) ?? []) as Message[];
    const reached = messages.length < count || messages.some((message) => (message.t ?? 0) < since_s);
    if (reached || expired()) return messages;
  }
}

async function byKey(wpp: typeof Wpp, key: string): Promise<Message | undefined> {
  try {
    return await wpp.chat.getMessageById(key);
  } catch (error) {
    if ((error as { code?: string }).code === 'msg_not_found') return undefined;
    throw error;
  }
}
