import { chats } from '../modules/chats';
import { Conn, Socket, Stream } from '../modules/connection';
import { contacts } from '../modules/contacts';
import { drawer } from '../modules/drawer';
import { groups } from '../modules/groups';
import { identity } from '../modules/identity';
import { messages } from '../modules/messages';
import { presences } from '../modules/presence';
import { pictures } from '../modules/profile';
import { ChatScreen } from './chats';
import { element } from './element';
import { LinkingScreen } from './qr';

/** Bursts of messages are drawn together. */
const REDRAW_MS = 60;

/** Chooses what the page shows, and redraws it when the models change. */
export class Screen {
  readonly #root: HTMLElement;
  readonly #linking = new LinkingScreen();
  readonly #linked = new ChatScreen();
  readonly #busy = element('section', 'busy card', element('p', 'quiet', 'Loading your chats…'));
  #redraw: ReturnType<typeof setTimeout> | undefined;

  constructor(root: HTMLElement) {
    this.#root = root;
    // Programs read the QR code right after the change: no delay here.
    Conn.on('change:ref change:linkingCode', () => this.#draw());
    Socket.on('change:state', () => this.#draw());
    Stream.on('change:mode', () => this.#draw());
    for (const store of [chats, messages, contacts, groups, pictures, presences]) {
      store.on('add remove change sort redraw change:chatstate.type', () => this.#drawSoon());
    }
    drawer.on('change', () => this.#drawSoon());
    this.#draw();
  }

  #drawSoon(): void {
    this.#redraw ??= setTimeout(() => this.#draw(), REDRAW_MS);
  }

  #draw(): void {
    clearTimeout(this.#redraw);
    this.#redraw = undefined;
    const shown = this.#choose();
    const { node } = shown;
    if (this.#root.firstChild !== node) {
      // A screen that has nothing to show yet leaves the old one in place.
      shown.update();
      if (node.firstChild) this.#root.replaceChildren(node);
    }
    // Only what is on the page knows how long it is, and where its end is.
    shown.update();
  }

  #choose(): { node: HTMLElement; update(): void } {
    if (!identity.linked) return this.#linking;
    if (Stream.mode !== 'MAIN' && Stream.mode !== 'OFFLINE') return { node: this.#busy, update: () => undefined };
    return this.#linked;
  }
}
