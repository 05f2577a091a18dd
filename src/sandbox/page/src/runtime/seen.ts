import type { RawMessage } from '../protocol';
import { keepSeen, type SeenRecord } from './profile';

const REMEMBERED = 2000;

/**
 * Which inbound messages this profile has reported already.
 *
 * The server's greeting holds recent history without saying what is news. This record does: after a
 * restart or a broken connection, an inbound message that is not in it came in the meantime and is
 * reported as new. It is bounded: what is older than the oldest remembered message counts as reported.
 */
export class SeenMessages {
  #horizon: number;
  readonly #times: Map<string, number>;
  readonly #keep: (record: SeenRecord) => unknown;
  #writing = false;

  constructor(record: SeenRecord = { horizon: 0, times: [] }, keep: (record: SeenRecord) => unknown = keepSeen) {
    this.#horizon = record.horizon;
    this.#times = new Map(record.times);
    this.#keep = keep;
  }

  /** For a page that was just linked: all of this is history. */
  static after(history: RawMessage[], keep?: (record: SeenRecord) => unknown): SeenMessages {
    const latest = history.reduce((t, raw) => Math.max(t, raw.t), 0);
    const seen = new SeenMessages({ horizon: latest + 1, times: [] }, keep);
    seen.#writeSoon();
    return seen;
  }

  isNew(raw: RawMessage): boolean {
    return !raw.fromMe && raw.t >= this.#horizon && !this.#times.has(raw.id);
  }

  mark(raw: RawMessage): void {
    if (raw.fromMe || raw.t < this.#horizon || this.#times.has(raw.id)) return;
    this.#times.set(raw.id, raw.t);
    for (const [id, t] of this.#times) {
      if (this.#times.size <= REMEMBERED) break;
      this.#times.delete(id);
      this.#horizon = Math.max(this.#horizon, t + 1);
    }
    this.#writeSoon();
  }

  /** One write for all messages of a burst, after their events are out. */
  #writeSoon(): void {
    if (this.#writing) return;
    this.#writing = true;
    setTimeout(() => {
      this.#writing = false;
      this.#keep({ horizon: this.#horizon, times: [...this.#times] });
    });
  }
}

/** The record of the account that is linked now. */
export const seen = { record: new SeenMessages() };
