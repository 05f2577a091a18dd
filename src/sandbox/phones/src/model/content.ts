import type { Message } from '../api/shapes';

/**
 * What a message holds, read from the object of its type. Whatever is missing or strange there becomes an empty value:
 * a page of messages must not break over one of them.
 */
export type Content =
  | { kind: 'text'; text: string; preview?: Preview }
  | MediaContent
  | { kind: 'location'; latitude: number; longitude: number; name: string; address: string; url?: string }
  | { kind: 'contacts'; cards: Card[] }
  | { kind: 'poll'; name: string; options: string[]; selectable: number }
  | { kind: 'system'; action: string; recipients: string[]; text: string }
  | { kind: 'revoked' }
  | { kind: 'unknown'; type: string; text: string };

export type MediaKind = 'image' | 'video' | 'audio' | 'document' | 'sticker';

export interface MediaContent {
  kind: MediaKind;
  /** Undefined: the sandbox has the message, but not its file. */
  media?: string;
  mime: string;
  size: number;
  caption: string;
  filename: string;
  voice: boolean;
  gif: boolean;
  viewOnce: boolean;
  seconds?: number;
  width?: number;
  height?: number;
  /** A small JPEG, as a data URL. */
  thumbnail?: string;
}

export interface Preview {
  title: string;
  description: string;
  url: string;
  thumbnail?: string;
}

export interface Card {
  name: string;
  phones: string[];
}

type Fields = Record<string, unknown>;

export function contentOf(message: Message): Content {
  if (message.revoked || message.type === 'revoked') return { kind: 'revoked' };
  const fields = record(message.content);
  switch (message.type) {
    case 'text':
      return { kind: 'text', text: message.body, ...previewOf(fields['preview']) };
    case 'image':
    case 'video':
    case 'audio':
    case 'document':
    case 'sticker':
      return mediaOf(message.type, fields);
    case 'location':
      return locationOf(fields);
    case 'contacts':
      return { kind: 'contacts', cards: cardsOf(message.content) };
    case 'poll':
      return pollOf(fields, message.body);
    case 'system':
      return {
        kind: 'system',
        action: text(fields['subtype'] ?? fields['action']),
        recipients: list(fields['recipients']).map(text),
        text: text(fields['body']) || message.body,
      };
    default:
      return { kind: 'unknown', type: message.type, text: message.body };
  }
}

function mediaOf(kind: MediaKind, fields: Fields): MediaContent {
  const thumbnail = text(fields['thumbnail']);
  return {
    kind,
    mime: text(fields['mime_type']),
    size: number(fields['size']) ?? 0,
    caption: text(fields['caption']),
    filename: text(fields['filename']),
    voice: fields['voice'] === true,
    gif: fields['gif'] === true,
    viewOnce: fields['view_once'] === true,
    ...given('media', text(fields['media']) || undefined),
    ...given('seconds', number(fields['seconds'])),
    ...given('width', number(fields['width'])),
    ...given('height', number(fields['height'])),
    ...given('thumbnail', jpegUrl(thumbnail)),
  };
}

function locationOf(fields: Fields): Content {
  return {
    kind: 'location',
    latitude: number(fields['latitude']) ?? 0,
    longitude: number(fields['longitude']) ?? 0,
    name: text(fields['name']),
    address: text(fields['address']),
    ...given('url', webAddress(text(fields['url']))),
  };
}

function pollOf(fields: Fields, body: string): Content {
  return {
    kind: 'poll',
    name: text(fields['name']) || body,
    options: list(fields['options']).map((option) => text(option) || text(record(option)['name'])),
    selectable: number(fields['selectable_count']) ?? 0,
  };
}

function previewOf(value: unknown): { preview?: Preview } {
  const fields = record(value);
  const url = webAddress(text(fields['url']));
  if (!url) return {};
  const thumbnail = jpegUrl(text(fields['thumbnail']));
  return {
    preview: { title: text(fields['title']), description: text(fields['description']), url, ...given('thumbnail', thumbnail) },
  };
}

/** Contact cards come as a list, or as an object around one. */
function cardsOf(value: unknown): Card[] {
  const cards = Array.isArray(value) ? value : list(record(value)['contacts']);
  return cards.map((one) => {
    const card = record(one);
    const vcard = text(card['vcard']);
    const name = text(record(card['name'])['formatted_name']) || text(card['display_name']) || vcardLine(vcard, 'FN')[0] || '';
    const phones = list(card['phones']).map((phone) => text(record(phone)['phone']) || text(phone));
    return { name, phones: phones.length > 0 ? phones : vcardLine(vcard, 'TEL') };
  });
}

/** Values of the lines of a vCard that have this name. */
function vcardLine(vcard: string, name: string): string[] {
  const lines = vcard.split(/\r?\n/).filter((line) => line.toUpperCase().startsWith(name));
  return lines.map((line) => line.slice(line.indexOf(':') + 1).trim()).filter(Boolean);
}

/** An address that may stand behind a link: of the web, never a script. */
export function webAddress(address: string): string | undefined {
  try {
    const { protocol, href } = new URL(address);
    return protocol === 'https:' || protocol === 'http:' ? href : undefined;
  } catch {
    return undefined;
  }
}

function jpegUrl(base64: string): string | undefined {
  if (base64.startsWith('data:image/jpeg;base64,')) return base64;
  return /^[A-Za-z0-9+/]{8,}={0,2}$/.test(base64) ? `data:image/jpeg;base64,${base64}` : undefined;
}

function given<N extends string, T>(name: N, value: T | undefined): { [K in N]?: T } {
  return (value === undefined ? {} : { [name]: value }) as { [K in N]?: T };
}

function record(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
