/** Deadlines inside the page, always shorter than the engine's own. */

export class TooLate extends Error {}

/** The promise's outcome, or `TooLate` after `ms`. The work itself goes on: whoever must stop it asks `expired`. */
export async function within<T>(ms: number, work: (expired: () => boolean) => Promise<T>): Promise<T> {
  let late = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      late = true;
      reject(new TooLate(`nothing within ${ms} ms`));
    }, ms);
  });
  try {
    return await Promise.race([work(() => late), deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** An error in one line, without the stack. */
export function reason(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
