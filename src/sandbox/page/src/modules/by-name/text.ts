/** Reading text: links, phone numbers. */

import type { ModuleTable } from '../../registry';

/** A link as it stands in a text, and as an address. */
export interface FoundLink {
  url: string;
  href: string;
  /** Where it begins, in UTF-16 units. */
  index: number;
  /** Characters that imitate others. The sandbox looks for none. */
  suspiciousCharacters: Set<string>;
}

const LINK = /\b(?:https?:\/\/|www\.)[^\s<>"]+[^\s<>".,;:!?)\]]/gi;

/** All links of a text, in their order. Anything but a text has none. */
export function findLinks(text: unknown): FoundLink[] {
  if (typeof text !== 'string') return [];
  return Array.from(text.matchAll(LINK), (match) => ({
    url: match[0],
    href: /^https?:/i.test(match[0]) ? match[0] : `http://${match[0]}`,
    index: match.index,
    suspiciousCharacters: new Set<string>(),
  }));
}

/** The first link of a text. */
export function findLink(text: unknown): FoundLink | undefined {
  return findLinks(text)[0];
}

export const textModules: ModuleTable = {
  // whatsapp-web.js: the links of every message, and the one to preview.
  WALinkify: { findLink, findLinks },
};
