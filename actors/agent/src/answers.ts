/** How large an answer to the engine gets. */

/**
 * After so many characters of JSON an answer of many parts ends, in the middle of what was asked for. The largest part is
 * a text of 65,536 characters, and the DevTools protocol writes six bytes for each that is not ASCII: an answer has some
 * 6 MB at most, a tenth of what the engine's socket takes (`LARGEST_FRAME` in `cdp.rs`).
 */
export const ANSWER_CHARS = 500_000;

/** Counts the parts of an answer. The first one always fits: whatever it is, it must come through some time. */
export class Room {
  #left = ANSWER_CHARS;

  isFull(): boolean {
    return this.#left <= 0;
  }

  take(part: unknown): void {
    this.#left -= JSON.stringify(part).length;
  }
}
