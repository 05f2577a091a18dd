/** What names an entry of a list, so that it is found again at another place. */
const NAMES = ['wa_message_id', 'phone', 'peer', 'page', 'id', 'session'];

/**
 * `next`, built of the parts of `previous` that are equal: what has not changed is the same object as before, so
 * that components which hold it need not be drawn again.
 */
export function keepEqual<T>(previous: T | undefined, next: T): T {
  if (Object.is(previous, next)) return next;
  if (Array.isArray(previous) && Array.isArray(next)) return keepEqualEntries(previous, next) as T;
  if (!isRecord(previous) || !isRecord(next)) return next;
  const names = Object.keys(next);
  const kept: Record<string, unknown> = {};
  let same = names.length === Object.keys(previous).length;
  for (const name of names) {
    kept[name] = keepEqual(previous[name], next[name]);
    same &&= name in previous && Object.is(kept[name], previous[name]);
  }
  return same ? previous : (kept as T);
}

function keepEqualEntries(previous: unknown[], next: unknown[]): unknown[] {
  const known = new Map(previous.map((entry) => [nameOf(entry), entry]));
  const kept = next.map((entry, place) => {
    const name = nameOf(entry);
    return keepEqual(name === undefined ? previous[place] : known.get(name), entry);
  });
  const same = kept.length === previous.length && kept.every((entry, place) => Object.is(entry, previous[place]));
  return same ? previous : kept;
}

function nameOf(entry: unknown): unknown {
  if (!isRecord(entry)) return undefined;
  const name = NAMES.find((name) => name in entry);
  return name && entry[name];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
