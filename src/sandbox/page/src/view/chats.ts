/** The screen of a linked page: the chats, and the messages of one of them. */

import { sendSeen } from '../modules/chat-actions';
import { Stream } from '../modules/connection';
import { chats, isListed, type Chat } from '../modules/chats';
import { drawer } from '../modules/drawer';
import { identity } from '../modules/identity';
import { presences } from '../modules/presence';
import { bubble } from './bubble';
import { Composer } from './composer';
import { DrawerView } from './drawer';
import { clock, day, element, fill } from './element';
import { avatar, titleOf } from './names';
import { preview } from './summary';

const CHATS_SHOWN = 100;
const MESSAGES_SHOWN = 60;
/** Closer than this to the end, the messages follow what is new. */
const NEAR_THE_END_PX = 80;

export class ChatScreen {
  readonly #owner = element('header', 'owner');
  readonly #list = element('nav', 'chats');
  readonly #title = element('header', 'title');
  readonly #messages = element('div', 'messages');
  readonly #composer = new Composer();
  readonly #earlier = element('button', 'earlier', 'Earlier messages');
  readonly #days = new Map<string, HTMLElement>();
  readonly #drawer = new DrawerView();
  readonly node = element(
    'section', 'linked card',
    element('aside', '', this.#owner, this.#list),
    element('main', '', this.#title, this.#messages, this.#composer.node),
    this.#drawer.node,
  );
  #open: Chat | undefined;
  #attached = false;
  #shown = MESSAGES_SHOWN;

  constructor() {
    this.#earlier.onclick = () => void this.#showEarlier();
    this.#title.onclick = () => {
      const chat = this.#open;
      chat?.set('active', true);
      if (chat) drawer.show({ what: 'info', chat });
    };
  }

  update(): void {
    const ordered = chats.toArray().filter((chat) => isListed(chat) && (chat.t || chat.msgs.length));
    const open = ordered.find((chat) => chat.active) ?? ordered[0];
    this.#owner.replaceChildren(...owner());
    this.#list.replaceChildren(...ordered.slice(0, CHATS_SHOWN).map((chat) => row(chat, chat === open)));
    if (!ordered.length) this.#list.append(element('p', 'quiet', 'No chats yet'));
    this.#show(open);
    this.#drawer.update();
  }

  #show(open: Chat | undefined): void {
    const changed = open !== this.#open || !this.#attached;
    this.#attached = this.node.isConnected;
    if (open !== this.#open) this.#shown = MESSAGES_SHOWN;
    this.#open = open;
    this.#composer.show(open);
    this.#title.replaceChildren(...(open ? heading(open) : []));
    const { scrollTop, scrollHeight, clientHeight } = this.#messages;
    const follows = changed || scrollHeight - scrollTop - clientHeight < NEAR_THE_END_PX;
    fill(this.#messages, open ? this.#rows(open) : []);
    if (follows) this.#messages.scrollTop = this.#messages.scrollHeight;
  }

  #rows(chat: Chat): HTMLElement[] {
    const all = chat.msgs.getModelsArray();
    const rows: HTMLElement[] = [];
    if (all.length > this.#shown || (all.length >= MESSAGES_SHOWN && !chat.msgs.msgLoadState.noEarlierMsgs)) rows.push(this.#earlier);
    let before = '';
    for (const msg of all.slice(-this.#shown)) {
      const date = day(msg.t);
      if (date !== before) rows.push(this.#day(date));
      before = date;
      rows.push(bubble(msg));
    }
    return rows;
  }

  #day(date: string): HTMLElement {
    const present = this.#days.get(date) ?? element('div', 'notice', date);
    this.#days.set(date, present);
    return present;
  }

  /** First what is here, then what the server has; the place on the screen stays. */
  async #showEarlier(): Promise<void> {
    const chat = this.#open;
    if (!chat) return;
    this.#shown += MESSAGES_SHOWN;
    if (chat.msgs.length < this.#shown) await chat.loadEarlierMsgs();
    const { scrollHeight, scrollTop } = this.#messages;
    this.update();
    this.#messages.scrollTop = scrollTop + this.#messages.scrollHeight - scrollHeight;
  }
}

function owner(): HTMLElement[] {
  const live = Stream.mode === 'MAIN';
  const me = identity.phone;
  return [
    ...(me ? [avatar(me, identity.me?.name ?? '')] : []),
    element('b', '', identity.me?.name ?? ''),
    element('span', live ? 'dot live' : 'dot'),
    element('span', 'quiet', live ? `+${me?.user ?? ''}` : 'connecting…'),
  ];
}

function heading(chat: Chat): HTMLElement[] {
  return [
    avatar(chat.id, titleOf(chat)),
    element('div', 'words', element('b', '', titleOf(chat)), element('span', 'quiet', subtitle(chat))),
  ];
}

/** Who is in the group, or whether the person is there. */
function subtitle(chat: Chat): string {
  const people = chat.groupMetadata?.participants.toArray() ?? [];
  if (people.length) return people.map((one) => (identity.isMe(one.id) ? 'You' : one.contact.displayName)).join(', ');
  const presence = presences.get(chat.id);
  const state = presence?.chatstate.type;
  if (state === 'composing' || state === 'typing') return 'typing…';
  if (state === 'recording' || state === 'recording_audio') return 'recording audio…';
  return presence?.isOnline ? 'online' : '';
}

function row(chat: Chat, open: boolean): HTMLElement {
  const last = chat.msgs.last();
  const name = titleOf(chat);
  const unread = chat.unreadCount > 0 ? String(chat.unreadCount) : '';
  const node = element(
    'button', open ? 'chat open' : 'chat',
    avatar(chat.id, name),
    element('b', '', name),
    element('time', 'quiet', last ? clock(last.t) : ''),
    element('span', 'preview quiet', ...(last ? preview(last) : [])),
    element('span', 'marks', chat.pin ? '⚑' : '', chat.unreadCount ? element('span', 'unread', unread || '•') : ''),
  );
  node.onclick = () => {
    for (const other of chats.toArray()) other.set('active', other === chat);
    // Who opens a chat has seen it.
    void sendSeen({ chat });
  };
  return node;
}
