import { useCallback, useEffect, useState } from 'preact/hooks';
import { withHeads } from '../model/heads';
import { shortened, withEarlier, withEnd, withNews, type ChatNews } from '../model/history';
import { keepEqual } from '../model/keep-equal';
import type { Chat, ChatHead, Group, Message, Phone, StandingFault, Timing, WaitingPage } from './shapes';

/** Everything that the sandbox has told so far. Parts that have not arrived yet are undefined. */
export interface World {
  live: boolean;
  phones?: Phone[];
  pages?: WaitingPage[];
  network?: Timing;
  faults?: StandingFault[];
  /** Chats of each phone that is followed, the latest first. */
  chats: Readonly<Record<string, ChatHead[]>>;
  /** Chats that are followed, by [`chatKey`]. */
  open: Readonly<Record<string, Chat>>;
  /** The groups among them, by id. */
  groups: Readonly<Record<string, Group>>;
}

export const NOTHING_YET: World = { live: false, chats: {}, open: {}, groups: {} };

/** Which phones' chats, and which chats' messages, are to be followed. */
export interface Interest {
  phones: string[];
  chats: { phone: string; peer: string }[];
}

export function chatKey(phone: string, peer: string): string {
  return `${phone}/${peer}`;
}

/** The events of the stream. The first ones after a connect are whole parts; then comes what changes in them. */
interface Events {
  phones: { data: Phone[] };
  /** Phones that are new or not as they were. */
  phones_changed: { data: Phone[] };
  pages: { data: WaitingPage[] };
  network: Timing;
  faults: { data: StandingFault[] };
  chats: { phone: string; data: ChatHead[] | null };
  chats_changed: { phone: string; data: ChatHead[] };
  /** `remade`: what was fetched of it before is not true any more. */
  chat: { phone: string; remade?: boolean; data: Chat };
  chat_changed: { phone: string; data: ChatNews };
  group: { data: Group };
}

const NAMES: readonly (keyof Events)[] = [
  'phones', 'phones_changed', 'pages', 'network', 'faults', 'chats', 'chats_changed', 'chat', 'chat_changed', 'group',
];

type Learning = { [E in keyof Events]: (world: World, data: Events[E]) => World };

const LEARNING: Learning = {
  phones: (world, { data }) => ({ ...world, phones: keepEqual(world.phones, data) }),
  phones_changed: (world, { data }) => {
    const changed = new Map(data.map((phone) => [phone.phone, phone]));
    const known = (world.phones ?? []).filter(({ phone }) => !changed.has(phone));
    const phones = [...known, ...data].sort((one, other) => (one.phone < other.phone ? -1 : 1));
    return { ...world, phones: keepEqual(world.phones, phones) };
  },
  pages: (world, { data }) => ({ ...world, pages: keepEqual(world.pages, data) }),
  network: (world, data) => ({ ...world, network: keepEqual(world.network, data) }),
  faults: (world, { data }) => ({ ...world, faults: keepEqual(world.faults, data) }),
  chats: (world, { phone, data }) => withChats(world, phone, keepEqual(world.chats[phone], data ?? [])),
  chats_changed: (world, { phone, data }) => withChats(world, phone, withHeads(world.chats[phone] ?? [], data)),
  chat: (world, { phone, remade, data }) => {
    const known = world.open[chatKey(phone, data.peer)];
    return withOpen(world, phone, remade ? keepEqual(known, data) : withEnd(known, data));
  },
  chat_changed: (world, { phone, data }) => {
    const known = world.open[chatKey(phone, data.peer)];
    return known ? withOpen(world, phone, withNews(known, data)) : world;
  },
  group: (world, { data }) => {
    const group = keepEqual(world.groups[data.id], data);
    return group === world.groups[data.id] ? world : { ...world, groups: { ...world.groups, [data.id]: group } };
  },
};

function withChats(world: World, phone: string, chats: ChatHead[]): World {
  return chats === world.chats[phone] ? world : { ...world, chats: { ...world.chats, [phone]: chats } };
}

function withOpen(world: World, phone: string, chat: Chat): World {
  const key = chatKey(phone, chat.peer);
  return chat === world.open[key] ? world : { ...world, open: { ...world.open, [key]: chat } };
}

/** The world after one event of the stream. What has not changed stays the same object, so it is not drawn again. */
export function learn<E extends keyof Events>(world: World, name: E, data: Events[E]): World {
  return LEARNING[name](world, data);
}

function query({ phones, chats }: Interest): string {
  const asked = new URLSearchParams();
  for (const phone of phones) asked.append('phone', phone);
  for (const { phone, peer } of chats) asked.append('chat', chatKey(phone, peer));
  return asked.toString();
}

/** What a chat's screen does with the messages that it holds. */
export interface Shelf {
  /** Puts messages that were fetched in front of a chat. */
  earlier: (phone: string, peer: string, messages: Message[], more: boolean) => void;
  /** The reader is back at the end: the earliest messages may go. */
  atEnd: (phone: string, peer: string) => void;
}

/** Follows the sandbox. The browser reconnects by itself, and each connection begins with the whole picture. */
export function useWorld(interest: Interest): [World, Shelf] {
  const [world, setWorld] = useState<World>(NOTHING_YET);
  const asked = query(interest);
  useEffect(() => {
    const stream = new EventSource(`/_/api/watch?${asked}`);
    for (const name of NAMES) {
      stream.addEventListener(name, (event) => {
        const data = JSON.parse((event as MessageEvent<string>).data);
        setWorld((known) => learn(known, name, data));
      });
    }
    stream.onopen = () => setWorld((known) => ({ ...known, live: true }));
    stream.onerror = () => setWorld((known) => ({ ...known, live: false }));
    return () => stream.close();
  }, [asked]);
  const change = useCallback((phone: string, peer: string, next: (chat: Chat) => Chat) => {
    setWorld((known) => {
      const chat = known.open[chatKey(phone, peer)];
      return chat ? withOpen(known, phone, next(chat)) : known;
    });
  }, []);
  const earlier: Shelf['earlier'] = useCallback(
    (phone, peer, messages, more) => change(phone, peer, (chat) => withEarlier(chat, messages, more)),
    [change],
  );
  const atEnd: Shelf['atEnd'] = useCallback((phone, peer) => change(phone, peer, shortened), [change]);
  return [world, { earlier, atEnd }];
}
