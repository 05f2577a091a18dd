/** The code that is to be typed on a phone, and until when it is good. */

/**
 * How long phones take a code, in milliseconds. The page does not say it; wa-js asks for the next one after 195 s, and a
 * code that we call void somewhat early costs nothing but another one.
 */
const GOOD_FOR_MS = 180_000;

let current: { code: string; expires_at_ms: number } | undefined;

/** Notes when a code was seen first. */
export function phoneCode(code: string): { code: string; expires_at_ms: number } {
  if (current?.code !== code) current = { code, expires_at_ms: Date.now() + GOOD_FOR_MS };
  return current;
}
