/** What a run finds out: one row for each call of a client, judged by what it did on the other side. */

/**
 * `works`: the effect was seen where it belongs. `not simulated`: the sandbox says that it has no such
 * thing. `differs`: neither of the two.
 */
export type Outcome = 'works' | 'not simulated' | 'differs';

export interface Row {
  area: string;
  call: string;
  outcome: Outcome;
  /** Why it does not work, for the run's output. It is not part of the table. */
  why?: string;
}

/** How long a call and its effect may take together. */
const ROW_DEADLINE_MS = 10_000;

/** What the page says where the sandbox has no such thing. */
const NOT_SIMULATED = /is not part of the sandbox|Requiring unknown module/;

export class Rows {
  readonly #rows: Row[] = [];
  #area = '';

  get all(): readonly Row[] {
    return this.#rows;
  }

  /** The rows from here on belong to this area. */
  area(name: string): void {
    this.#area = name;
  }

  /**
   * Makes one row. `check` makes the call, looks for the effect, and throws where it is missing. The
   * answer of `check` is handed on, and is undefined where the call does not work.
   */
  async row<T>(call: string, check: () => Promise<T>): Promise<T | undefined> {
    const row: Row = { area: this.#area, call, outcome: 'works' };
    if (this.#rows.some((other) => other.area === row.area && other.call === call)) {
      throw new Error(`The run has the row "${call}" twice`);
    }
    this.#rows.push(row);
    const began = Date.now();
    try {
      return await within(ROW_DEADLINE_MS, check());
    } catch (error) {
      row.why = messageOf(error);
      row.outcome = NOT_SIMULATED.test(row.why) ? 'not simulated' : 'differs';
      return undefined;
    } finally {
      report(row, Date.now() - began);
    }
  }
}

function report(row: Row, ms: number): void {
  const why = row.why ? `  (${row.why.split('\n')[0]?.slice(0, 200)})` : '';
  process.stdout.write(`${row.outcome.padEnd(13)} ${String(ms).padStart(5)} ms  ${row.area}: ${row.call}${why}\n`);
}

function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message || error.name;
  return typeof error === 'string' ? error : JSON.stringify(error) ?? 'nothing said';
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** Throws with this text where something is not so. */
export function expect(met: unknown, text: string): asserts met {
  if (!met) throw new Error(text);
}

/** Looks again and again until the answer is truthy. */
export async function until<T>(what: string, look: () => T | Promise<T>, ms = 4_000): Promise<NonNullable<T>> {
  const deadline = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}
