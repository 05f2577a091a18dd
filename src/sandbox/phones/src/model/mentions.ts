import { webAddress } from './content';

/** A piece of a text as it is shown: plain, a link, or somebody's name. */
export type Piece = { kind: 'plain' | 'mention'; text: string } | { kind: 'link'; text: string; url: string };

const MARKS = /https?:\/\/[^\s<>"]+|@\d{8,15}\b/g;

/** Finds what can be followed or is somebody. Everything stays text: nothing of it is ever read as markup. */
export function pieces(text: string, nameOf: (phone: string) => string | undefined): Piece[] {
  const found: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(MARKS)) {
    const mark = match[0].replace(/[.,;:!?)\]}'"]+$/, '');
    const name = mark.startsWith('@') ? nameOf(mark.slice(1)) : undefined;
    const url = mark.startsWith('@') ? undefined : webAddress(mark);
    if (name === undefined && url === undefined) continue;
    if (match.index > end) found.push({ kind: 'plain', text: text.slice(end, match.index) });
    found.push(url === undefined ? { kind: 'mention', text: `@${name}` } : { kind: 'link', text: mark, url });
    end = match.index + mark.length;
  }
  if (end < text.length) found.push({ kind: 'plain', text: text.slice(end) });
  return found;
}

/** Names offered at a time. */
const OFFERED = 5;

/** The people whom the `@…` at the end of a text may mean. */
export function suggestions<P extends { phone: string; name: string }>(text: string, people: readonly P[]): P[] {
  const begun = /(?:^|\s)@([^\s@]*)$/.exec(text)?.[1]?.toLowerCase();
  if (begun === undefined) return [];
  return people.filter(({ name, phone }) => name.toLowerCase().startsWith(begun) || phone.startsWith(begun || '-')).slice(0, OFFERED);
}

/** The text with the `@…` at its end completed. */
export function withMention(text: string, { phone, name }: { phone: string; name: string }): string {
  return text.replace(/@[^\s@]*$/, () => `@${name || phone} `);
}
