/** The right side of the screen: about the chat, a search in it, about a message. */

import type { Wid } from '../ids/wid';
import type { Chat } from '../modules/chats';
import { drawer, type Shown } from '../modules/drawer';
import type { Msg } from '../modules/messages';
import { queryMsgInfo } from '../modules/messages/info';
import type { Participant } from '../modules/participants';
import { abouts } from '../modules/profile';
import { clock, element, fill } from './element';
import { avatar, nameOf, titleOf } from './names';
import { inOneLine } from './summary';

const TITLES: Record<Shown['what'], string> = {
  info: 'About this chat', search: 'Search messages', message: 'About this message',
};
const FOUND_SHOWN = 50;

export class DrawerView {
  readonly #title = element('b', '');
  readonly #close = element('button', 'quiet', 'Close');
  readonly #wanted = element('input', 'wanted');
  readonly #found = element('div', '');
  readonly #content = element('div', 'content');
  readonly node = element('div', 'drawer', element('header', '', this.#title, this.#close), this.#content);

  constructor() {
    this.#wanted.placeholder = 'Search';
    this.#wanted.oninput = () => this.update();
    this.#close.onclick = () => drawer.close();
  }

  update(): void {
    const { shown } = drawer;
    this.node.hidden = !shown;
    if (!shown) return;
    this.#title.textContent = TITLES[shown.what];
    if (shown.what === 'info') this.#content.replaceChildren(...about(shown.chat));
    else if (shown.what === 'message') void this.#tellReaders(shown.msg);
    else this.#search(shown.chat);
  }

  /** The box stays in place while somebody types into it. */
  #search(chat: Chat): void {
    const text = this.#wanted.value.trim().toLowerCase();
    const found = text ? chat.msgs.filter((msg) => inOneLine(msg.attributes).toLowerCase().includes(text)) : [];
    this.#found.replaceChildren(...found.slice(-FOUND_SHOWN).reverse().map(line));
    fill(this.#content, [this.#wanted, this.#found]);
  }

  async #tellReaders(msg: Msg): Promise<void> {
    const { read, delivery } = await queryMsgInfo(msg.id);
    const { shown } = drawer;
    if (shown?.what !== 'message' || shown.msg !== msg) return;
    this.#content.replaceChildren(
      element('p', 'said', inOneLine(msg.attributes)), ...people('Read by', read), ...people('Delivered to', delivery),
    );
  }
}

function line(msg: Msg): HTMLElement {
  const head = element('span', 'quiet', `${nameOf(msg.sender)}, ${clock(msg.t)}`);
  return element('p', '', head, element('br', ''), inOneLine(msg.attributes));
}

/** Who, and when. */
function people(heading: string, lines: readonly { id: Wid; t: number }[]): HTMLElement[] {
  if (!lines.length) return [];
  return [element('h2', 'quiet', heading), ...lines.map(({ id, t }) => element('p', '', `${nameOf(id)}, ${clock(t)}`))];
}

function about(chat: Chat): HTMLElement[] {
  const group = chat.groupMetadata;
  const said = group ? group.desc : abouts.get(chat.id)?.status;
  return [
    element('div', 'portrait', avatar(chat.id, titleOf(chat)), element('b', '', titleOf(chat))),
    element('p', 'quiet', group ? `Group, ${group.participants.length} people` : `+${chat.id.user}`),
    ...(said ? [element('p', '', said)] : []),
    ...(group?.participants.toArray() ?? []).map(member),
  ];
}

function member(participant: Participant): HTMLElement {
  const name = nameOf(participant.id);
  return element(
    'div', 'member', avatar(participant.id, name), element('span', '', name),
    element('span', 'quiet', participant.isAdmin ? 'admin' : ''),
  );
}
