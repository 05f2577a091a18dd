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

/** Calls, and what there is to say of them. */
export interface Remark {
  reason: string;
  calls: readonly string[];
}

/** What a client offers, and what the table says of calls beside their rows. */
export interface Surface {
  /** Every public call and event. */
  offered: readonly string[];
  /** Calls that no row tries, and why. */
  leftOut: readonly Remark[];
  /** Why rows do not work, where it is not for the sandbox to change. The calls are those of the rows. */
  known: readonly Remark[];
}

/** How long a call and its effect may take together. */
const ROW_DEADLINE_MS = 12_000;

/** What the page says where the sandbox has no such thing. */
const NOT_SIMULATED = /is not part of the sandbox|Requiring unknown module/;

export class Rows {
  readonly #rows: Row[] = [];
  #area = '';
  #surface: Surface = { offered: [], leftOut: [], known: [] };

  get all(): readonly Row[] {
    return this.#rows;
  }

  get surface(): Surface {
    return this.#surface;
  }

  /** The rows from here on belong to this area. */
  area(name: string): void {
    this.#area = name;
  }

  /**
   * Makes one row. `check` makes the call, looks for the effect, and throws where it is missing. The
   * answer of `check` is handed on, and is undefined where the call does not work. What stands before a
   * colon in `call` is the name of the call itself.
   */
  async row<T>(call: string, check: () => Promise<T>): Promise<T | undefined> {
    const row: Row = { area: this.#area, call, outcome: 'works' };
    if (this.#rows.some((other) => other.call === call)) throw new Error(`The run has the row "${call}" twice`);
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

  /**
   * Says what the client has, and which of it the table leaves out on purpose. Answers what is in neither: calls
   * that a row or a reason is missing for, and reasons for calls that do not exist.
   */
  account(surface: Surface): string[] {
    this.#surface = surface;
    const tried = new Set(this.#rows.map((row) => nameOf(row.call)));
    const reasoned = new Set(surface.leftOut.flatMap(({ calls }) => calls));
    const missing = surface.offered.filter((call) => !tried.has(call) && !reasoned.has(call));
    const stray = [...reasoned].filter((call) => !surface.offered.includes(call));
    const rowless = surface.known.flatMap(({ calls }) => calls).filter((call) => !this.#rows.some((row) => row.call === call));
    return [
      ...missing.map((call) => `${call}: no row and no reason`), ...stray.map((call) => `${call}: no such call`),
      ...rowless.map((call) => `${call}: no such row`),
    ];
  }
}

/** The call that a row is about. */
export function nameOf(call: string): string {
  return call.split(/[:,] /)[0] ?? call;
}

function report(row: Row, ms: number): void {
  const why = row.why ? `  (${row.why.split('\n')[0]?.slice(0, 300)})` : '';
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

/**
 * What several rows stand on. It is made when the first of them asks, so that its failure is theirs and not the
 * run's.
 */
export function later<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

/** Throws with this text where something is not so. */
export function expect(met: unknown, text: string): asserts met {
  if (!met) throw new Error(text);
}

/** Throws where the two are not the same plain data. */
export function same(found: unknown, expected: unknown): void {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  expect(left === right, `it is ${left} and should be ${right}`);
}

/** Looks again and again until the answer is truthy. */
export async function until<T>(what: string, look: () => T | Promise<T>, ms = 5_000): Promise<NonNullable<T>> {
  const deadline = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}
