/** What of a message travels: the fields that belong to its type. */

import type { Attributes, Model } from '../../base/model';
import type { MessageContent } from '../../protocol';
import { mediaIdOf } from '../media/transfer';

const MEDIA = ['mediaId', 'mimetype', 'filehash', 'size'];
const ANY_TYPE = [
  'quotedStanzaID', 'quotedParticipant', 'quotedMsg', 'quotedRemoteJid', 'mentionedJidList', 'groupMentions',
  'isForwarded', 'forwardingScore',
];

/** A type that is missing here cannot be sent: add it together with the server's and the view's part. */
const CONTENT_FIELDS: Record<string, readonly string[]> = {
  chat: [
    'body', 'title', 'description', 'matchedText', 'canonicalUrl', 'thumbnail', 'richPreviewType',
    'backgroundColor', 'font',
  ],
  image: [...MEDIA, 'width', 'height', 'caption', 'body', 'isViewOnce'],
  video: [...MEDIA, 'width', 'height', 'duration', 'caption', 'body', 'isGif', 'isViewOnce'],
  audio: [...MEDIA, 'duration'],
  ptt: [...MEDIA, 'duration', 'waveform'],
  document: [...MEDIA, 'filename', 'pageCount', 'caption', 'body'],
  sticker: [...MEDIA, 'width', 'height', 'isAnimated'],
  location: ['lat', 'lng', 'loc', 'clientUrl', 'body'],
  vcard: ['body', 'vcardFormattedName'],
  multi_vcard: ['vcardList'],
  poll_creation: ['pollName', 'pollOptions', 'pollSelectableOptionsCount'],
};

/** Longest thumbnail that still travels inside a quote, which has 8 KiB in all. */
const QUOTED_THUMBNAIL = 4_096;

/** Its type and the fields that travel; nothing for a type that cannot be sent. */
export function contentOf(msg: Model & { type: string }): MessageContent | undefined {
  const fields = CONTENT_FIELDS[msg.type];
  if (!fields) return undefined;
  const content: MessageContent = { type: msg.type };
  for (const field of [...fields, ...ANY_TYPE]) {
    const value = plain(msg.get(field));
    if (value != null && value !== '' && value !== false) content[field] = value;
  }
  if (fields.includes('mediaId')) content['mediaId'] ??= mediaIdOf(msg.get('directPath'));
  // whatsapp-web.js does not say it.
  if (msg.type === 'sticker') content['mimetype'] ??= 'image/webp';
  return content;
}

/** The short form in which a reply carries the message that it answers. */
export function quoted(msg: Model & { type: string }): Attributes {
  const { type, quotedMsg: _, mediaId: __, ...fields } = contentOf(msg) ?? { type: msg.type };
  const body = fields['body'];
  if (type !== 'chat' && typeof body === 'string' && body.length > QUOTED_THUMBNAIL) delete fields['body'];
  delete fields['thumbnail'];
  return { type, ...fields };
}

/** Bytes, such as the bars of a voice note, travel as a list of numbers. */
function plain(value: unknown): unknown {
  return value instanceof Uint8Array ? [...value] : value;
}
