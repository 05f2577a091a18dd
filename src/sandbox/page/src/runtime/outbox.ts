import type { Answer, Ask } from '../protocol';
import { LinkDown, link, type Link } from './socket';

interface Pending {
  ask: Ask<'send'>;
  answer: Promise<Answer<'send'>>;
  settle(answer: Answer<'send'>): void;
}

/**
 * Messages that the server has not answered for yet.
 *
 * A message that cannot leave, or whose answer is lost with the connection, stays here and goes out
 * again under the same id, in the old order, once the server has greeted the page anew. The server
 * delivers an id only once, so repeating is safe. Nothing here outlives the page.
 */
export class Outbox {
  readonly #link: Pick<Link, 'request'>;
  readonly #pending = new Map<string, Pending>();
  #open = false;

  constructor(channel: Pick<Link, 'request'>) {
    this.#link = channel;
  }

  /** Resolves with the server's answer, however many connections that takes. Never rejects. */
  send(ask: Ask<'send'>): Promise<Answer<'send'>> {
    const key = `${ask.to} ${ask.id}`;
    const present = this.#pending.get(key);
    if (present) return present.answer;
    let settle: Pending['settle'] = () => undefined;
    const answer = new Promise<Answer<'send'>>((resolve) => {
      settle = (given) => {
        this.#pending.delete(key);
        resolve(given);
      };
    });
    const pending = { ask, answer, settle };
    this.#pending.set(key, pending);
    if (this.#open) this.#transmit(pending);
    return answer;
  }

  /** The server has accepted this page: repeat what is unanswered, then send at once. */
  resume(): void {
    this.#open = true;
    for (const pending of [...this.#pending.values()]) this.#transmit(pending);
  }

  /** The connection is gone: keep everything until `resume`. */
  suspend(): void {
    this.#open = false;
  }

  /** The account is gone from this page: nothing may leave any more. */
  clear(): void {
    this.#open = false;
    this.#pending.clear();
  }

  #transmit(pending: Pending): void {
    this.#link.request('send', pending.ask, true).then(pending.settle, (error: unknown) => {
      if (!(error instanceof LinkDown)) pending.settle({ at: 0, error: String(error) });
    });
  }
}

export const outbox = new Outbox(link);
