import { useRef, useState } from 'preact/hooks';

/** A function that stays the same one, and calls the newest `deed`. */
export function useStable<A extends unknown[], R>(deed: (...given: A) => R): (...given: A) => R {
  const newest = useRef(deed);
  newest.current = deed;
  const [stable] = useState(() => (...given: A) => newest.current(...given));
  return stable;
}
