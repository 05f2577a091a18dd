/** What was said before this page was loaded: the server sends it after its greeting, frame by frame. */

import { chatOf } from '../modules/chats';
import type { Msg, SendTarget } from '../modules/messages';
import type { Push, Pushes, RawMessage } from '../protocol';
import { recallMessages } from './inbound';
import { seen } from './seen';
import { link } from './socket';

/** Where messages go that came while nobody looked. */
export interface NewsDesk {
  take(news: Push): void;
}

export class History {
  readonly #desk: NewsDesk;
  #left: number | undefined;
  /** Frames that came before the page was ready for them. */
  #early: Pushes['history'][] | undefined;
  #waiting: (() => void)[] = [];

  constructor(desk: NewsDesk) {
    this.#desk = desk;
  }

  /** Everything that was announced has come. */
  get complete(): boolean {
    return this.#left === 0 && !this.#early;
  }

  /** The greeting announces this many frames. They wait until `begin`. */
  expect(frames: number): void {
    this.#left = frames;
    this.#early = [];
  }

  /** The page knows now whose account this is, and who is in it. */
  async begin(): Promise<void> {
    for (let frame = this.#early?.shift(); frame; frame = this.#early?.shift()) {
      this.#takeIn(frame);
      // The page stays alive meanwhile.
      await new Promise((resolve) => setTimeout(resolve));
    }
    this.#early = undefined;
    this.#settle();
  }

  take(frame: Pushes['history']): void {
    if (this.#early) this.#early.push(frame);
    else this.#takeIn(frame);
    this.#settle();
  }

  #takeIn(frame: Pushes['history']): void {
    for (const { id, msgs } of frame.chats) this.takeChat(id, msgs);
    if (this.#left) this.#left -= 1;
  }

  /** Messages of one chat, oldest first. What nobody has reported yet is news. Returns how many are. */
  takeChat(id: string, msgs: RawMessage[]): number {
    const chat = chatOf(id);
    const news = msgs.filter((raw) => seen.record.isNew(raw));
    recallMessages(chat.id, news.length ? msgs.filter((raw) => !news.includes(raw)) : msgs);
    // The server has counted them as unread, and each of them raises the count itself.
    if (news.length) chat.set('unreadCount', Math.max(0, chat.unreadCount - news.length));
    for (const raw of news) this.#desk.take({ t: 'msg', chat: id, raw });
    return news.length;
  }

  /** Resolves once it is complete. */
  whole(): Promise<void> {
    if (this.complete) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #settle(): void {
    if (!this.complete) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** How many earlier messages come at once. */
const EARLIER = 50;

/** Fetches messages of a chat that are older than all that are here. Returns them, oldest first. */
export async function loadEarlier(chat: SendTarget): Promise<Msg[]> {
  const state = chat.msgs.msgLoadState;
  if (state.noEarlierMsgs) return [];
  state.isLoadingEarlierMsgs = true;
  try {
    const before = chat.msgs.head()?.id.id;
    const answer = await link.request('history', {
      chat: String(chat.id), count: EARLIER, ...(before && { before }),
    });
    if (answer.error) return [];
    state.noEarlierMsgs = !answer.more;
    return recallMessages(chat.id, answer.msgs);
  } finally {
    state.isLoadingEarlierMsgs = false;
  }
}
