import type { Answer, Ask } from '../protocol';
import { LinkDown, link, type Link } from './socket';

/** What may be asked again without harm: the server does each of them once for the same id. */
type Repeatable = 'send' | 'edit' | 'revoke' | 'react' | 'vote' | 'star' | 'forget';

interface Pending {
  transmit(): Promise<void>;
  answer: Promise<unknown>;
}

/**
 * Messages, and changes of messages, that the server has not answered for yet.
 *
 * What cannot leave, or whose answer is lost with the connection, stays here and goes out again under the
 * same id, in the old order, once the server has greeted the page anew. The server does everything once for
 * an id, so repeating is safe. Nothing here outlives the page.
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
    return this.submit('send', `${ask.to} ${ask.id}`, ask);
  }

  /** As `send`. What is handed in twice under the same id waits for one answer. */
  submit<V extends Repeatable>(verb: V, id: string, ask: Ask<V>): Promise<Answer<V>> {
    const key = `${verb} ${id}`;
    const present = this.#pending.get(key);
    if (present) return present.answer as Promise<Answer<V>>;
    let settle: (answer: Answer<V>) => void = () => undefined;
    const answer = new Promise<Answer<V>>((resolve) => {
      settle = (given) => {
        this.#pending.delete(key);
        resolve(given);
      };
    });
    const transmit = () => this.#link.request(verb, ask, true).then(settle, (error: unknown) => {
      if (!(error instanceof LinkDown)) settle({ at: 0, error: String(error) } as unknown as Answer<V>);
    });
    this.#pending.set(key, { transmit, answer });
    if (this.#open) void transmit();
    return answer;
  }

  /** The server has accepted this page: repeat what is unanswered, then send at once. */
  resume(): void {
    this.#open = true;
    for (const pending of [...this.#pending.values()]) void pending.transmit();
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
}

export const outbox = new Outbox(link);
