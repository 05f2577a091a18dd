import type { Push } from '../protocol';

/** Clients that were injected into the page need about a second from its start until they listen. */
const LISTENERS_UP_AFTER_MS = 1_500;

/**
 * Holds back what happens until somebody can notice it: the page is in sync, and old enough. The real
 * page takes longer than that from its start to its first message; this one would be too quick, and a
 * message reported to nobody is lost for the client.
 */
export class Inbox {
  readonly #deliver: (news: Push) => void;
  readonly #bornAt = performance.now();
  #held: Push[] = [];
  #open = false;

  constructor(deliver: (news: Push) => void) {
    this.#deliver = deliver;
  }

  take(news: Push): void {
    if (this.#open) this.#deliver(news);
    else this.#held.push(news);
  }

  /** The page is in sync: from its right age on, everything passes at once and in order. */
  open(): void {
    const wait = this.#bornAt + LISTENERS_UP_AFTER_MS - performance.now();
    setTimeout(() => {
      this.#open = true;
      const held = this.#held;
      this.#held = [];
      for (const news of held) this.#deliver(news);
    }, Math.max(0, wait));
  }
}
