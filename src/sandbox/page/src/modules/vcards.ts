/** Contact cards. */

import type { ModuleTable } from '../registry';
import type { Contact } from './contacts';

export interface Vcard {
  displayName: string;
  vcard: string;
}

function vcardFromContactModel(contact: Contact): Vcard {
  const name = contact.displayName;
  const number = contact.id.user;
  const lines = [
    'BEGIN:VCARD', 'VERSION:3.0', `N:;${escaped(name)};;;`, `FN:${escaped(name)}`,
    `TEL;type=CELL;type=VOICE;waid=${number}:+${number}`, 'END:VCARD',
  ];
  return { displayName: name, vcard: lines.join('\n') };
}

/** Property → its values; undefined where the text is no card. */
export function parseVcard(text: string): Record<string, string[]> | undefined {
  if (!/^BEGIN:VCARD/i.test(text) || !/END:VCARD\s*$/i.test(text)) return undefined;
  const found: Record<string, string[]> = {};
  for (const line of text.replace(/\r?\n[ \t]/g, '').split(/\r?\n/)) {
    const [, name, value] = /^(?:item\d+\.)?([A-Za-z-]+)[^:]*:(.*)$/.exec(line) ?? [];
    if (name && value !== undefined) (found[name.toLowerCase()] ??= []).push(unescaped(value));
  }
  return found;
}

function nameOf(card: Record<string, string[]>): string {
  return card['fn']?.[0] ?? card['n']?.[0]?.split(';').filter(Boolean).reverse().join(' ') ?? '';
}

function escaped(text: string): string {
  return text.replace(/([\\,;])/g, '\\$1').replace(/\n/g, '\\n');
}

function unescaped(text: string): string {
  return text.replace(/\\([nN\\,;])/g, (_, char: string) => (char.toLowerCase() === 'n' ? '\n' : char));
}

export const vcardModules: ModuleTable = {
  // chat.sendVCardContactMessage, and whatsapp-web.js sendMessage with a contact
  WAWebFrontendVcardUtils: { vcardFromContactModel },
};

/** whatsapp-web.js: a text that is a card is sent as one. */
export const namedVcardModules: ModuleTable = {
  WAWebVcardParsingUtils: { parseVcard },
  WAWebVcardGetNameFromParsed: { vcardGetNameFromParsed: nameOf },
};
