import type { Message } from '../api/shapes';
import { dayName, dayNumber } from './time';

/** The messages of one day. */
export interface Day {
  /** The same for the same day, whatever it is called by now. */
  key: number;
  name: string;
  messages: readonly Message[];
}

/**
 * A chat's messages, oldest first, by days. Days of `before` that have not changed are the same objects, so that a long
 * chat is not drawn again for one message.
 */
export function days(messages: readonly Message[], now: Date, before: readonly Day[] = []): Day[] {
  const found: { key: number; messages: Message[] }[] = [];
  for (const message of messages) {
    const key = dayNumber(new Date(message.at));
    const last = found.at(-1);
    if (last?.key === key) last.messages.push(message);
    else found.push({ key, messages: [message] });
  }
  const known = new Map(before.map((day) => [day.key, day]));
  // Where the clock has gone back on the way, a day comes more than once.
  const taken = new Set<number>();
  return found.map(({ key, messages: ofDay }) => {
    const name = dayName(ofDay[0]!.at, now);
    const same = known.get(key);
    const own = taken.has(key) ? key + taken.size / 1e6 : key;
    taken.add(key);
    return same && own === key && same.name === name && sameMessages(same.messages, ofDay) ? same : { key: own, name, messages: ofDay };
  });
}

function sameMessages(one: readonly Message[], other: readonly Message[]): boolean {
  return one.length === other.length && one.every((message, place) => message === other[place]);
}

/** A pause after which a message stands apart from the one above it. */
const APART_MS = 5 * 60_000;

/** Whether the same person wrote the message above, just before. */
export function follows(above: Message | undefined, message: Message): boolean {
  return (
    above !== undefined &&
    above.type !== 'system' &&
    above.from_me === message.from_me &&
    above.author === message.author &&
    Date.parse(message.at) - Date.parse(above.at) < APART_MS
  );
}
