import { createContext, type ComponentChildren } from 'preact';
import { useContext, useMemo, useRef } from 'preact/hooks';
import type { Phone } from '../api/shapes';
import { keepEqual } from '../model/keep-equal';
import { printedNumber } from '../model/person';

/** Name and picture of everybody on this network who has a phone, by number. */
export type People = Readonly<Record<string, { name: string; picture?: string | null }>>;

const PeopleContext = createContext<People>({});

/** Tells all below who there is. It stays the same object while phones only come online, are linked and so on. */
export function PeopleProvider({ phones, children }: { phones: Phone[] | undefined; children: ComponentChildren }) {
  const last = useRef<People>({});
  last.current = useMemo(() => {
    const entries = (phones ?? []).map(({ phone, name, picture }) => [phone, { name, picture: picture ?? null }]);
    return keepEqual(last.current, Object.fromEntries(entries) as People);
  }, [phones]);
  return <PeopleContext.Provider value={last.current}>{children}</PeopleContext.Provider>;
}

export function usePeople(): People {
  return useContext(PeopleContext);
}

/** How people are called: by the name of their phone, else by their number. `self` is `You`. */
export function useNames(self?: string): (phone: string) => string {
  const people = usePeople();
  return useMemo(
    () => (phone: string) => (phone === self ? 'You' : (people[phone]?.name ?? printedNumber(phone))),
    [people, self],
  );
}
