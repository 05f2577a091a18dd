import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { messagesBefore } from '../api/call';
import type { Chat, Message } from '../api/shapes';
import type { Shelf } from '../api/watch';
import { kindOfChat } from '../model/chat-id';
import { PAGE } from '../model/history';
import { timeline } from '../model/timeline';
import { useAttempt } from '../parts/notice';
import { useStable } from '../parts/stable';
import type { ChatActions } from './actions';
import { Bubble } from './Bubble';
import type { Wish } from './MessageMenu';

interface Props {
  phone: string;
  peer: string;
  name: string;
  chat: Chat | undefined;
  shelf: Shelf;
  actions: ChatActions;
  onWish: (wish: Wish, message: Message) => void;
  onOpen: (peer: string) => void;
}

/** Below this distance from its end, in pixels, a list stays at its end when something is added. */
const NEAR_END = 80;

/** So near to its beginning, in pixels, it fetches what is earlier. */
const NEAR_BEGIN = 300;

/** A chat's messages. Scrolled up it fetches earlier ones; at the end it stays at the end. */
export function MessageList({ phone, peer, name, chat, shelf, actions, onWish, onOpen }: Props) {
  const list = useRef<HTMLOListElement>(null);
  const messages = chat?.messages ?? [];
  const { loading, load } = useEarlier(phone, peer, chat, shelf);
  const stay = useStay(list, messages);
  const onFind = useFind(list);
  // Bubbles are drawn again only when something about them changes.
  const open = useStable(onOpen);
  return (
    <ol
      class="messages scroll"
      ref={list}
      tabIndex={0}
      aria-label={`Messages with ${name}`}
      aria-busy={loading}
      data-more={chat?.more === true}
      onScroll={({ currentTarget }) => {
        if (stay(currentTarget)) shelf.atEnd(phone, peer);
        if (currentTarget.scrollTop < NEAR_BEGIN) void load();
      }}
    >
      {chat?.more && (
        <li class="earlier">
          <button type="button" class="quiet-button" disabled={loading} onClick={() => void load()}>
            {loading ? 'Fetching earlier messages…' : 'Earlier messages'}
          </button>
        </li>
      )}
      {timeline(messages, new Date()).map((line) =>
        line.kind === 'day' ? (
          <li key={line.name} class="day">{line.name}</li>
        ) : (
          <Bubble
            key={line.message.wa_message_id}
            message={line.message}
            follows={line.follows}
            self={phone}
            named={kindOfChat(peer) !== 'person'}
            actions={actions}
            onWish={onWish}
            onOpen={open}
            onFind={onFind}
          />
        ),
      )}
    </ol>
  );
}

/** Fetches what is before the first message, one page at a time. */
function useEarlier(phone: string, peer: string, chat: Chat | undefined, shelf: Shelf) {
  const [loading, setLoading] = useState(false);
  const under = useRef(false);
  const attempt = useAttempt();
  const first = chat?.messages[0]?.wa_message_id;
  const load = async () => {
    if (under.current || chat?.more !== true || first === undefined) return;
    under.current = true;
    setLoading(true);
    await attempt(async () => {
      const { messages, more } = await messagesBefore(phone, peer, first, PAGE);
      shelf.earlier(phone, peer, messages, more && messages.length > 0);
    });
    under.current = false;
    setLoading(false);
  };
  return { loading, load };
}

/**
 * Keeps the reader's place: at the end when something is added there, and at the same message when earlier ones come in
 * front of it. Gives what is to be called on scrolling, which tells whether the reader is at the end.
 */
function useStay(list: { current: HTMLOListElement | null }, messages: readonly Message[]) {
  const place = useRef({ atEnd: true, first: undefined as string | undefined, fromEnd: 0 });
  const last = messages.at(-1);
  useLayoutEffect(() => {
    const box = list.current;
    if (!box) return;
    const now = place.current;
    const first = messages[0]?.wa_message_id;
    // One's own message is always gone to.
    if (now.atEnd || (last?.from_me && Date.now() - Date.parse(last.at) < 2_000)) box.scrollTop = box.scrollHeight;
    else if (first !== now.first) box.scrollTop = box.scrollHeight - now.fromEnd;
    now.first = first;
  }, [messages, last?.wa_message_id]);
  // Pictures get their height late.
  useEffect(() => {
    const box = list.current;
    if (!box) return undefined;
    const grown = () => {
      if (place.current.atEnd) box.scrollTop = box.scrollHeight;
    };
    box.addEventListener('load', grown, true);
    box.addEventListener('loadedmetadata', grown, true);
    return () => {
      box.removeEventListener('load', grown, true);
      box.removeEventListener('loadedmetadata', grown, true);
    };
  }, []);
  return ({ scrollHeight, scrollTop, clientHeight }: HTMLElement): boolean => {
    place.current.fromEnd = scrollHeight - scrollTop;
    place.current.atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    return place.current.atEnd;
  };
}

/** Goes to a message, if it is loaded, and lets it shine. */
function useFind(list: { current: HTMLOListElement | null }) {
  const [find] = useState(() => (id: string) => {
    const bubble = list.current?.querySelector(`[data-message="${CSS.escape(id)}"]`);
    if (!bubble) return;
    bubble.scrollIntoView({ block: 'center' });
    bubble.classList.add('found');
    bubble.addEventListener('animationend', () => bubble.classList.remove('found'), { once: true });
  });
  return find;
}
