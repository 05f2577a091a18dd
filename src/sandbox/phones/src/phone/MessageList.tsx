import type { ComponentProps } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { messagesBefore } from '../api/call';
import type { Chat, Message } from '../api/shapes';
import type { Shelf } from '../api/watch';
import { kindOfChat } from '../model/chat-id';
import { PAGE } from '../model/history';
import { days, follows, type Day } from '../model/timeline';
import { memo } from '../parts/memo';
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
  /** Whether the phone is an admin of the group. */
  admin: boolean;
  shelf: Shelf;
  actions: ChatActions;
  onWish: (wish: Wish, message: Message) => void;
  onOpen: (peer: string) => void;
}

/** Below this distance from its end, in pixels, the reader is back there. */
const NEAR_END = 80;

/** So near to its beginning, in pixels, it fetches what is earlier. */
const NEAR_BEGIN = 300;

/**
 * A chat's messages. Scrolled up it fetches earlier ones; at the end it stays at the end, because the box counts from there
 * (`column-reverse`): what comes in front, or grows when its picture has loaded, moves nothing.
 */
export function MessageList({ phone, peer, name, chat, admin, shelf, actions, onWish, onOpen }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const { loading, load } = useEarlier(phone, peer, chat, shelf);
  const onFind = useFind(box);
  // Bubbles are drawn again only when something about them changes.
  const open = useStable(onOpen);
  const drawn = useRef<Day[]>([]);
  const shown = days(chat?.messages ?? [], new Date(), drawn.current);
  drawn.current = shown;
  const last = chat?.messages.at(-1);
  // One's own message is always gone to.
  useLayoutEffect(() => {
    if (last?.from_me && box.current) box.current.scrollTop = 0;
  }, [last?.wa_message_id]);
  const scrolled = ({ scrollTop, scrollHeight, clientHeight }: HTMLElement) => {
    if (-scrollTop < NEAR_END) shelf.atEnd(phone, peer);
    if (scrollHeight - clientHeight + scrollTop < NEAR_BEGIN) void load();
  };
  return (
    <div
      class="messages scroll"
      ref={box}
      tabIndex={0}
      role="region"
      aria-label={`Messages with ${name}`}
      aria-busy={loading}
      data-more={chat?.more === true}
      onScroll={({ currentTarget }) => scrolled(currentTarget)}
    >
      <ol>
        {chat?.more && (
          <li class="earlier">
            <button type="button" class="quiet-button" disabled={loading} onClick={() => void load()}>
              {loading ? 'Fetching earlier messages…' : 'Earlier messages'}
            </button>
          </li>
        )}
        {shown.map((day) => (
          <DayOfChat
            key={day.key}
            day={day}
            self={phone}
            admin={admin}
            named={kindOfChat(peer) !== 'person'}
            actions={actions}
            onWish={onWish}
            onOpen={open}
            onFind={onFind}
          />
        ))}
      </ol>
    </div>
  );
}

type DayProps = Omit<ComponentProps<typeof Bubble>, 'message' | 'follows'> & { day: Day };

const DayOfChat = memo(function DayOfChat({ day, ...bubble }: DayProps) {
  return (
    <li class="day-of-chat">
      <h3 class="day">{day.name}</h3>
      <ol>
        {day.messages.map((message, place) => (
          <Bubble
            key={message.wa_message_id}
            message={message}
            follows={follows(day.messages[place - 1], message)}
            {...bubble}
          />
        ))}
      </ol>
    </li>
  );
});

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

/** Goes to a message, if it is loaded, and lets it shine. */
function useFind(list: { current: HTMLElement | null }) {
  const [find] = useState(() => (id: string) => {
    const bubble = list.current?.querySelector(`[data-message="${CSS.escape(id)}"]`);
    if (!bubble) return;
    bubble.scrollIntoView({ block: 'center' });
    bubble.classList.add('found');
    bubble.addEventListener('animationend', () => bubble.classList.remove('found'), { once: true });
  });
  return find;
}
