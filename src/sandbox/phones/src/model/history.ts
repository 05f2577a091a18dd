import type { Chat, Message } from '../api/shapes';
import { keepEqual } from './keep-equal';

/** Earlier messages are fetched so many at a time. */
export const PAGE = 100;

/** Above this many, the earliest are put away when the reader is back at the end of the chat. */
export const SHOWN_MAX = 400;

/** What has changed in a chat. `added` follow its last message; `changed` are somewhere in it. */
export interface ChatNews {
  peer: string;
  unread: number;
  typing?: Chat['typing'];
  added: Message[];
  changed: Message[];
}

/**
 * The chat after the server told the end of it anew, as at every connect. Earlier messages that were fetched before stay
 * in front of it if the two ends meet; if there is a gap between them, they go.
 */
export function withEnd(known: Chat | undefined, end: Chat): Chat {
  const first = end.messages[0]?.wa_message_id;
  const at = known && first !== undefined ? known.messages.findIndex((one) => one.wa_message_id === first) : -1;
  if (!known || at < 0) return keepEqual(known, end);
  const joined = { ...end, messages: [...known.messages.slice(0, at), ...end.messages], ...moreOf(at > 0 ? known : end) };
  return keepEqual(known, joined);
}

/** The chat after some messages came and some changed. What is not loaded stays so. */
export function withNews(known: Chat, news: ChatNews): Chat {
  const place = new Map(known.messages.map((message, index) => [message.wa_message_id, index]));
  const messages = [...known.messages];
  for (const message of [...news.changed, ...news.added]) {
    const index = place.get(message.wa_message_id);
    if (index !== undefined) messages[index] = message;
  }
  messages.push(...news.added.filter((message) => !place.has(message.wa_message_id)));
  return keepEqual(known, { ...known, unread: news.unread, typing: news.typing ?? [], messages });
}

/** The chat with earlier messages in front. */
export function withEarlier(known: Chat, earlier: readonly Message[], more: boolean): Chat {
  const have = new Set(known.messages.map((message) => message.wa_message_id));
  const fresh = earlier.filter((message) => !have.has(message.wa_message_id));
  return { ...known, messages: [...fresh, ...known.messages], more };
}

/** The chat without its earliest messages, if it has grown long. */
export function shortened(known: Chat): Chat {
  if (known.messages.length <= SHOWN_MAX) return known;
  return { ...known, messages: known.messages.slice(-PAGE), more: true };
}

function moreOf({ more }: Chat): { more?: boolean } {
  return more === undefined ? {} : { more };
}
