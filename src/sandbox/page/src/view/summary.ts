/** Messages in one line: in the list of chats, in quotes, in notices. */

import { ACK } from '../modules/constants';
import { createWid, type Wid } from '../ids/wid';
import type { Attributes } from '../base/model';
import type { Msg } from '../modules/messages';
import { element, length } from './element';
import { nameOf, writerOf } from './names';

/** No line has room for more. */
const LINE_CHARS = 200;

/**
 * What a message says, in one line. The signs are in every font: machines without a screen have no emoji.
 * Takes what a quote holds, too.
 */
export function inOneLine(content: Attributes): string {
  const { type, body, caption } = content;
  const said = typeof caption === 'string' && caption ? caption : undefined;
  switch (type) {
    case 'chat': return String(body ?? '').slice(0, LINE_CHARS);
    case 'image': return `▣ ${said ?? 'Photo'}`;
    case 'video': return `▶ ${said ?? (content['isGif'] ? 'GIF' : 'Video')}`;
    case 'audio': return `♫ Audio${playing(content)}`;
    case 'ptt': return `♪ Voice message${playing(content)}`;
    case 'document': return `▤ ${said ?? content['filename'] ?? 'Document'}`;
    case 'sticker': return '☺ Sticker';
    case 'location': return `⚑ ${String(content['loc'] || 'Location').split('\n')[0]}`;
    case 'vcard': return `✆ ${content['vcardFormattedName'] ?? 'Contact'}`;
    case 'multi_vcard': return `✆ ${Array.isArray(content['vcardList']) ? content['vcardList'].length : ''} contacts`;
    case 'poll_creation': return `☰ ${content['pollName'] ?? 'Poll'}`;
    case 'revoked': return '⊘ This message was deleted';
    default: return `[${String(type)}]`;
  }
}

/** The line under the name of a chat. */
export function preview(msg: Msg): (Node | string)[] {
  if (msg.type === 'gp2') return [notice(msg)];
  const group = msg.id.remote.isGroup() || msg.id.remote.isStatus();
  const writer = group ? `${writerOf(msg)}: ` : '';
  return [...ticks(msg), `${writer}${inOneLine(msg.attributes)}`];
}

/** A clock while it waits, one tick from the server, two from the phone, coloured when read. */
export function ticks(msg: Msg): HTMLElement[] {
  if (!msg.id.fromMe || msg.type === 'revoked') return [];
  const node = element('span', msg.ack >= ACK.READ ? 'ticks read' : 'ticks', tickMarks(msg.ack));
  node.title = `ack ${msg.ack}`;
  return [node];
}

/** What has happened to a group. */
export function notice(msg: Msg): string {
  const by = nameOf(msg.author);
  const people = named(msg.get('recipients'));
  const body = String(msg.body ?? '');
  switch (msg.subtype) {
    case 'create': return `${by} created the group${body && ` “${body}”`}`;
    case 'add': return `${by} added ${people}`;
    case 'invite': return `${people || by} joined by the invite link`;
    case 'remove': return `${by} removed ${people}`;
    case 'leave': return `${people || by} left`;
    case 'promote': return `${by} made ${people} an admin`;
    case 'demote': return `${by} made ${people} no admin any more`;
    case 'subject': return `${by} changed the subject${body && ` to “${body}”`}`;
    case 'description': return `${by} changed the description`;
    case 'picture': return `${by} changed the group’s picture`;
    case 'announce': return `${by} changed who may write`;
    case 'restrict': return `${by} changed who may edit the group’s info`;
    case 'revoke_invite': return `${by} reset the invite link`;
    default: return body || 'The group has changed';
  }
}

function named(ids: unknown): string {
  if (!Array.isArray(ids)) return '';
  const names = ids.map((id: Wid | string) => nameOf(createWid(id)));
  return names.length < 3 ? names.join(' and ') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function playing(content: Attributes): string {
  return typeof content['duration'] === 'number' && content['duration'] ? ` (${length(content['duration'])})` : '';
}

function tickMarks(ack: number): string {
  if (ack < ACK.CLOCK) return '!';
  if (ack === ACK.CLOCK) return '◷';
  return ack === ACK.SENT ? '✓' : '✓✓';
}
