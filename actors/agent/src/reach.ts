/**
 * Whether the page reaches WhatsApp's site at all. A page at rest is asked by the engine's probes, which tell more. Nobody
 * else notices a network that went silent while the page shows a code or loads its chats, and no probe is asked while
 * a message waits for its acknowledgement.
 */

/** How often the site is asked, while it is. */
const EVERY_MS = 3_000;

/** A message that waits so long for its acknowledgement may wait for a network. */
const SLOW_SEND_MS = 2_000;

/** How long it may take to say anything: no is an answer as well. */
const WITHIN_MS = 4_000;

/** Asks as long as `wanted` says so, and tells what came of it. */
export function keepReaching(wanted: () => boolean, tell: (reached: boolean) => void): void {
  const ask = async (): Promise<void> => {
    if (wanted()) tell(await reaches());
    setTimeout(() => void ask(), EVERY_MS);
  };
  setTimeout(() => void ask(), EVERY_MS);
}

const sends = new Set<number>();

/** Notes a message that is being sent, until what this gives is called. */
export function noteSend(): () => void {
  const begin = performance.now();
  sends.add(begin);
  return () => sends.delete(begin);
}

/** Whether a message has waited for long. */
export function sendIsSlow(): boolean {
  const now = performance.now();
  return [...sends].some((begin) => now - begin > SLOW_SEND_MS);
}

async function reaches(): Promise<boolean> {
  try {
    await fetch('/robots.txt', { method: 'HEAD', cache: 'no-store', signal: AbortSignal.timeout(WITHIN_MS) });
    return true;
  } catch {
    return false;
  }
}
