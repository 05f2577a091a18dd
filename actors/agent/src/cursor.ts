/**
 * How far the engine has taken what came in. It outlives a crash: what the page had received and nobody had taken is
 * not news to WhatsApp any more, and would be lost otherwise. A cursor that lags behind only repeats messages, which
 * the engine's account knows by their ids.
 */

import type { PageEvent } from './events';

const KEY = 'zaptor.received';

/** Ids of the latest second are kept besides, because WhatsApp counts in seconds. */
interface Place {
  at_s: number;
  ids: string[];
}

export class Cursor {
  readonly #storage: () => Pick<Storage, 'getItem' | 'setItem'> | undefined;
  /** What this page has reported already. */
  readonly #reported = new Set<string>();

  constructor(storage: () => Pick<Storage, 'getItem' | 'setItem'> | undefined) {
    this.#storage = storage;
  }

  /** Begins anew: everything before `at_s` is history, not news. */
  begin(at_s: number): void {
    this.#write({ at_s, ids: [] });
  }

  report(id: string): void {
    this.#reported.add(id);
  }

  /** The engine has taken these. */
  advance(taken: PageEvent[]): void {
    let place = this.#read();
    for (const event of taken) {
      if (event.kind !== 'received') continue;
      if (!place || event.sent_at_s > place.at_s) place = { at_s: event.sent_at_s, ids: [event.id] };
      else if (event.sent_at_s === place.at_s) place.ids.push(event.id);
    }
    if (place) this.#write(place);
  }

  /** Whether a message came in that nobody has taken. Without a cursor there is none: all is history. */
  missed(id: string, at_s: number): boolean {
    const place = this.#read();
    if (!place || this.#reported.has(id)) return false;
    return at_s > place.at_s || (at_s === place.at_s && !place.ids.includes(id));
  }

  #read(): Place | undefined {
    try {
      return JSON.parse(this.#storage()?.getItem(KEY) ?? 'null') ?? undefined;
    } catch {
      return undefined;
    }
  }

  #write(place: Place): void {
    try {
      this.#storage()?.setItem(KEY, JSON.stringify(place));
    } catch {
      // A full storage leaves the cursor behind: a few messages may be reported again.
    }
  }
}
