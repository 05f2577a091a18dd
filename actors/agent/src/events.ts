/**
 * The log of what happened on the page. Every event is numbered and kept until the engine has acknowledged it; the
 * binding is only the fast way out. Whoever attaches later asks for what it has not seen.
 */

import { Room } from './answers';
import type { Drift } from './drift';
import type { Received } from './inbound';

export type PageEvent =
  | { kind: 'pairing'; code: string; expires_at_ms: number }
  | { kind: 'phone_code'; code: string; expires_at_ms: number }
  | { kind: 'passkey_asked' }
  | { kind: 'pairing_idle' }
  | { kind: 'linked' }
  | { kind: 'ready'; phone: string; push_name: string | null }
  | { kind: 'connection'; up: boolean }
  | { kind: 'logged_out'; reason: string }
  | { kind: 'acked'; id: string; ack: number }
  | ({ kind: 'received' } & Received)
  | ({ kind: 'drift' } & Drift)
  /** The log was full: events before this number are gone, and only a new session makes good for that. */
  | { kind: 'overflow'; before: number };

/** An event under its number. Numbers rise by one within a page; a new document is a new page. */
export interface Numbered {
  page: string;
  n: number;
  event: PageEvent;
}

export interface Outlet {
  /** The engine's binding; absent while no engine listens. */
  push(): ((json: string) => void) | undefined;
  /** Where events wait while the document is replaced; absent where the page allows none. */
  storage(): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined;
}

/** How many events may wait for an engine. A busy account receives a few a second. */
export const BOUND = 5_000;

const CARRIED = 'zaptor.carried';

export class EventLog {
  readonly #page: string;
  readonly #outlet: Outlet;
  #waiting: Numbered[] = [];
  #last = 0;

  constructor(page: string, outlet: Outlet) {
    this.#page = page;
    this.#outlet = outlet;
    this.#takeOver();
  }

  add(event: PageEvent): void {
    if (this.#waiting.length >= BOUND) {
      // Dropping one by one would flood the engine with overflows: drop all, say so once.
      this.#waiting = [];
      this.#enter({ kind: 'overflow', before: this.#last + 1 });
    }
    this.#enter(event);
  }

  /** What the engine has not acknowledged, oldest first: at most `limit`, and as many as fit into an answer. */
  waiting(limit: number): Numbered[] {
    const room = new Room();
    const batch: Numbered[] = [];
    for (const kept of this.#waiting) {
      if (batch.length >= limit || room.isFull()) break;
      batch.push(kept);
      room.take(kept);
    }
    return batch;
  }

  /** The engine has everything up to number `n` of `page`, and with it what earlier pages left before that. */
  acknowledge(page: string, n: number): void {
    const covered = this.#waiting.map((kept) => kept.page === page && kept.n <= n).lastIndexOf(true) + 1;
    this.#waiting.splice(0, covered);
  }

  /** Hands what waits to the next document of this tab: called when this one ends. */
  carryOver(): void {
    if (this.#waiting.length === 0) return;
    try {
      this.#outlet.storage()?.setItem(CARRIED, JSON.stringify(this.#waiting));
    } catch {
      // A full or forbidden storage loses what the engine had not read; its next comparison makes good.
    }
  }

  #takeOver(): void {
    try {
      const storage = this.#outlet.storage();
      const carried = storage?.getItem(CARRIED);
      if (!carried) return;
      storage?.removeItem(CARRIED);
      this.#waiting = JSON.parse(carried) as Numbered[];
    } catch {
      this.#waiting = [];
    }
  }

  #enter(event: PageEvent): void {
    this.#last += 1;
    const numbered: Numbered = { page: this.#page, n: this.#last, event };
    this.#waiting.push(numbered);
    try {
      this.#outlet.push()?.(JSON.stringify(numbered));
    } catch {
      // The engine has gone; it asks again when it is back.
    }
  }
}
