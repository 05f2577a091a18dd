import { Stream } from '../modules/connection';
import { ACK } from '../modules/constants';
import { chats, type Chat } from '../modules/chats';
import { identity } from '../modules/identity';
import type { Msg } from '../modules/messages';
import { clock, element } from './element';

const CHATS_SHOWN = 100;
const MESSAGES_SHOWN = 50;

/** The screen of a linked page: the chats, and the messages of one of them. */
export class ChatScreen {
  readonly #owner = element('header', 'owner');
  readonly #list = element('nav', 'chats');
  readonly #title = element('header', 'title');
  readonly #messages = element('div', 'messages');
  readonly node = element(
    'section', 'linked card',
    element('aside', '', this.#owner, this.#list),
    element('main', '', this.#title, this.#messages),
  );

  update(): void {
    const ordered = chats.toArray().sort((left, right) => right.t - left.t);
    const open = ordered.find((chat) => chat.active) ?? ordered[0];
    this.#owner.replaceChildren(...owner());
    this.#list.replaceChildren(...ordered.slice(0, CHATS_SHOWN).map((chat) => row(chat, chat === open)));
    if (!ordered.length) this.#list.append(element('p', 'quiet', 'No chats yet'));
    this.#showMessages(open);
  }

  #showMessages(open: Chat | undefined): void {
    this.#title.replaceChildren(open ? open.formattedTitle : '');
    this.#messages.replaceChildren(...(open?.msgs.toArray() ?? []).slice(-MESSAGES_SHOWN).map(bubble));
    this.#messages.scrollTop = this.#messages.scrollHeight;
  }
}

function owner(): HTMLElement[] {
  const live = Stream.mode === 'MAIN';
  return [
    element('span', live ? 'dot live' : 'dot'),
    element('b', '', identity.me?.name ?? ''),
    element('span', 'quiet', live ? `+${identity.phone?.user ?? ''}` : 'connecting…'),
  ];
}

function row(chat: Chat, open: boolean): HTMLElement {
  const last = chat.msgs.last();
  const node = element(
    'button', open ? 'chat open' : 'chat',
    element('span', 'avatar', chat.formattedTitle.replace(/^\+/, '').slice(0, 1)),
    element('b', '', chat.formattedTitle),
    element('time', 'quiet', last ? clock(last.t) : ''),
    element('span', 'preview quiet', ...(last ? summary(last) : [])),
    chat.unreadCount > 0 ? element('span', 'unread', String(chat.unreadCount)) : '',
  );
  node.onclick = () => {
    for (const other of chats.toArray()) other.set('active', other === chat);
  };
  return node;
}

function bubble(msg: Msg): HTMLElement {
  return element(
    'div', msg.id.fromMe ? 'bubble mine' : 'bubble',
    element('span', 'body', text(msg)),
    element('span', 'quiet', clock(msg.t), ...ticks(msg)),
  );
}

function summary(msg: Msg): (Node | string)[] {
  return [...ticks(msg), text(msg)];
}

function text(msg: Msg): string {
  return msg.body ?? `[${msg.type}]`;
}

/** A clock while it waits, one tick from the server, two from the phone, coloured when read. */
function ticks(msg: Msg): HTMLElement[] {
  if (!msg.id.fromMe) return [];
  const node = element('span', msg.ack >= ACK.READ ? 'ticks read' : 'ticks', tickMarks(msg.ack));
  node.title = `ack ${msg.ack}`;
  return [node];
}

function tickMarks(ack: number): string {
  if (ack < ACK.CLOCK) return '!';
  if (ack === ACK.CLOCK) return '◷';
  return ack === ACK.SENT ? '✓' : '✓✓';
}
