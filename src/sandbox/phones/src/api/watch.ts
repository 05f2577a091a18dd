import { useEffect, useState } from 'preact/hooks';
import { keepEqual } from '../model/keep-equal';
import type { Chat, ChatHead, Phone, Timing, WaitingPage } from './shapes';

/** Everything that the sandbox has told so far. Parts that have not arrived yet are undefined. */
export interface World {
  live: boolean;
  phones?: Phone[];
  pages?: WaitingPage[];
  network?: Timing;
  /** Chats of each phone that is followed, the latest first. */
  chats: Readonly<Record<string, ChatHead[]>>;
  /** Chats that are followed, by [`chatKey`]. */
  open: Readonly<Record<string, Chat>>;
}

/** Which phones' chats, and which chats' messages, are to be followed. */
export interface Interest {
  phones: string[];
  chats: { phone: string; peer: string }[];
}

export function chatKey(phone: string, peer: string): string {
  return `${phone}/${peer}`;
}

interface Events {
  phones: { data: Phone[] };
  pages: { data: WaitingPage[] };
  network: Timing;
  chats: { phone: string; data: ChatHead[] | null };
  chat: { phone: string; data: Chat };
}

/** The world after one event of the stream. What has not changed stays the same object, so it is not drawn again. */
export function learn<E extends keyof Events>(world: World, name: E, data: Events[E]): World {
  switch (name) {
    case 'phones':
    case 'pages': {
      const { data: list } = data as Events['phones'] | Events['pages'];
      return { ...world, [name]: keepEqual(world[name as 'phones'], list) };
    }
    case 'chats': {
      const { phone, data: chats } = data as Events['chats'];
      return { ...world, chats: { ...world.chats, [phone]: keepEqual(world.chats[phone], chats ?? []) } };
    }
    case 'chat': {
      const { phone, data: chat } = data as Events['chat'];
      const key = chatKey(phone, chat.peer);
      return { ...world, open: { ...world.open, [key]: keepEqual(world.open[key], chat) } };
    }
    default:
      return { ...world, [name]: keepEqual(world[name as 'network'], data as Timing) };
  }
}

function query({ phones, chats }: Interest): string {
  const asked = new URLSearchParams();
  for (const phone of phones) asked.append('phone', phone);
  for (const { phone, peer } of chats) asked.append('chat', chatKey(phone, peer));
  return asked.toString();
}

/** Follows the sandbox. The browser reconnects by itself, and each connection begins with the whole picture. */
export function useWorld(interest: Interest): World {
  const [world, setWorld] = useState<World>({ live: false, chats: {}, open: {} });
  const asked = query(interest);
  useEffect(() => {
    const stream = new EventSource(`/_/api/watch?${asked}`);
    const names: (keyof Events)[] = ['phones', 'pages', 'network', 'chats', 'chat'];
    for (const name of names) {
      stream.addEventListener(name, (event) => {
        const data = JSON.parse((event as MessageEvent<string>).data);
        setWorld((known) => learn(known, name, data));
      });
    }
    stream.onopen = () => setWorld((known) => ({ ...known, live: true }));
    stream.onerror = () => setWorld((known) => ({ ...known, live: false }));
    return () => stream.close();
  }, [asked]);
  return world;
}
