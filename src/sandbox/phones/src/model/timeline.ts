import type { Message } from '../api/shapes';
import { dayName } from './time';

/** A day's name above its messages, or a message. */
export type Line =
  | { kind: 'day'; name: string }
  | {
      kind: 'message';
      message: Message;
      /** The same person wrote the one above it, just before. */
      follows: boolean;
    };

/** A pause after which a message stands apart from the one above it. */
const APART_MS = 5 * 60_000;

/** A chat's messages, oldest first, as the lines of its screen. */
export function timeline(messages: readonly Message[], now: Date): Line[] {
  const lines: Line[] = [];
  let above: Message | undefined;
  for (const message of messages) {
    const day = dayName(message.at, now);
    const newDay = above === undefined || dayName(above.at, now) !== day;
    if (newDay) lines.push({ kind: 'day', name: day });
    const follows =
      !newDay &&
      above !== undefined &&
      above.type !== 'system' &&
      above.from_me === message.from_me &&
      above.author === message.author &&
      Date.parse(message.at) - Date.parse(above.at) < APART_MS;
    lines.push({ kind: 'message', message, follows });
    above = message;
  }
  return lines;
}
