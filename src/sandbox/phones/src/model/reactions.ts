import type { Reaction } from '../api/shapes';

/** Reactions to a message, one entry for each emoji, the most frequent first. */
export function reactionsOf(reactions: readonly Reaction[]): { emoji: string; by: string[] }[] {
  const found = new Map<string, string[]>();
  for (const { emoji, by } of reactions) {
    if (emoji !== '') found.set(emoji, [...(found.get(emoji) ?? []), by]);
  }
  const list = [...found].map(([emoji, by]) => ({ emoji, by }));
  return list.sort((one, other) => other.by.length - one.by.length);
}
