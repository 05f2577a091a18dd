/** One message on the screen. */

import type { Attributes } from '../base/model';
import type { Wid } from '../ids/wid';
import { contacts } from '../modules/contacts';
import { messages, type Msg } from '../modules/messages';
import { reactionsStore } from '../modules/reactions';
import { contactCards, linkCard, place, poll } from './cards';
import { clock, colourOf, element } from './element';
import { fileOf } from './file';
import { nameOf, writerOf } from './names';
import { inOneLine, notice, ticks } from './summary';

/** How much of a text is shown at first. */
const FOLDED_CHARS = 768;

/** From so many times on, WhatsApp says "many times". */
const OFTEN_FORWARDED = 5;

/** Bubbles are drawn anew only when their message changes: pictures stay loaded, voices go on playing. */
const drawn = new Map<Msg, HTMLElement>();
const KEPT = 400;
messages.on('change redraw remove', (msg: Msg) => drawn.delete(msg));
// Names stand in many of them.
contacts.on('change:name change:pushname', () => drawn.clear());

export function bubble(msg: Msg): HTMLElement {
  const present = drawn.get(msg);
  if (present) return present;
  const node = msg.isNotification ? element('div', 'notice', notice(msg)) : draw(msg);
  node.dataset['id'] = String(msg.id);
  if (drawn.size >= KEPT) drawn.clear();
  drawn.set(msg, node);
  return node;
}

function draw(msg: Msg): HTMLElement {
  const classes = `bubble is-${msg.type}${msg.id.fromMe ? ' mine' : ''}`;
  return element(
    'div', classes,
    ...writer(msg), ...forwarded(msg), ...quote(msg), ...content(msg), footer(msg), ...reactions(msg),
  );
}

/** Who wrote, where that is not clear from the chat. */
function writer(msg: Msg): HTMLElement[] {
  const { remote, fromMe } = msg.id;
  if (fromMe || !(remote.isGroup() || remote.isStatus())) return [];
  const node = element('b', 'writer', writerOf(msg));
  node.style.color = colourOf(String(msg.sender));
  return [node];
}

function forwarded(msg: Msg): HTMLElement[] {
  if (!msg.get('isForwarded')) return [];
  const often = Number(msg.get('forwardingScore') ?? 0) >= OFTEN_FORWARDED;
  return [element('span', 'forwarded quiet', often ? '↠ Forwarded many times' : '↪ Forwarded')];
}

function quote(msg: Msg): HTMLElement[] {
  const quoted = msg.get('quotedMsg');
  if (typeof quoted !== 'object' || !quoted) return [];
  const by = msg.get('quotedParticipant') as Wid | undefined;
  const node = element('div', 'quote', element('b', '', nameOf(by)), element('span', 'quiet', inOneLine(quoted as Attributes)));
  node.style.borderColor = colourOf(String(by));
  return [node];
}

function content(msg: Msg): (HTMLElement | string)[] {
  switch (msg.type) {
    case 'revoked': return [element('span', 'body quiet', msg.id.fromMe ? '⊘ You deleted this message' : '⊘ This message was deleted')];
    case 'chat': return [linkCard(msg) ?? '', text(msg.body)];
    case 'location': return [place(msg)];
    case 'vcard':
    case 'multi_vcard': return [contactCards(msg)];
    case 'poll_creation': return [poll(msg)];
    default:
      if (!msg.isMedia) return [text(`[${msg.type}]`)];
      return [fileOf(msg), msg.caption ? text(msg.caption) : ''];
  }
}

/** A long text is folded until somebody clicks on it, as in the real page: laying out many of them takes seconds. */
function text(said = ''): HTMLElement {
  if (said.length <= FOLDED_CHARS) return element('span', 'body', said);
  const node = element('span', 'body', `${said.slice(0, FOLDED_CHARS)}… Read more`);
  node.onclick = () => node.replaceChildren(said);
  return node;
}

function footer(msg: Msg): HTMLElement {
  const edited = msg.get('latestEditMsgKey') && msg.type !== 'revoked' ? 'edited ' : '';
  return element('span', 'foot quiet', msg.star ? '★ ' : '', edited, clock(msg.t), ...ticks(msg));
}

function reactions(msg: Msg): HTMLElement[] {
  const groups = reactionsStore.get(msg.id)?.reactions.toArray() ?? [];
  if (!groups.length) return [];
  const count = groups.reduce((sum, group) => sum + group.senders.length, 0);
  const node = element('span', 'reactions', groups.map((group) => group.aggregateEmoji).join(''), count > 1 ? ` ${count}` : '');
  node.title = groups.flatMap((group) => group.senders.map((sender) => sender.senderUserJid)).join(', ');
  return [node];
}
