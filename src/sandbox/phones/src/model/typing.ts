import type { Typing } from '../api/shapes';

/** After so long without a keystroke, somebody has stopped writing. */
export const IDLE_MS = 4_000;

/** While somebody writes, it is said again this often. */
export const REPEAT_MS = 8_000;

/** `typing…`, `Ana is typing…`: with names where the chat has more than one other person. */
export function typingWords(typing: readonly Typing[], nameOf?: (phone: string) => string): string | undefined {
  const first = typing[0];
  if (!first) return undefined;
  const deed = first.state === 'recording' ? 'recording' : 'typing';
  if (!nameOf) return `${deed}…`;
  return typing.length > 1 ? `${typing.length} people are ${deed}…` : `${nameOf(first.phone)} is ${deed}…`;
}
