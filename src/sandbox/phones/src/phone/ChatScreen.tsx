import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { act } from '../api/call';
import type { Chat, ChatHead, Phone } from '../api/shapes';
import { printedNumber } from '../model/person';
import { timeline } from '../model/timeline';
import { Avatar } from '../parts/Avatar';
import { AppBar } from './AppBar';
import { Bubble } from './Bubble';
import { Composer } from './Composer';

interface Props {
  phone: Phone;
  phones: Phone[];
  peer: string;
  head: ChatHead | undefined;
  chat: Chat | undefined;
  onBack: () => void;
}

/** Below this distance from its end, in pixels, a list stays at its end when something is added. */
const NEAR_END = 80;

/** One conversation. */
export function ChatScreen({ phone, phones, peer, head, chat, onBack }: Props) {
  const list = useRef<HTMLOListElement>(null);
  const atEnd = useRef(true);
  const messages = chat?.messages;
  const name = head?.name ?? chat?.name ?? phones.find((one) => one.phone === peer)?.name ?? printedNumber(peer);

  useLayoutEffect(() => {
    if (atEnd.current && list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [messages]);

  // Whoever looks at a chat has read it.
  const unread = chat?.unread ?? 0;
  useEffect(() => {
    if (unread > 0) act(phone.phone, 'read', { from: peer }).catch(() => undefined);
  }, [unread, messages?.length]);

  return (
    <>
      <AppBar
        onBack={onBack}
        title={
          <span class="peer">
            <Avatar id={peer} name={name} size="small" />
            <b>{name}</b>
            <small>{printedNumber(peer)}</small>
          </span>
        }
      />
      <ol
        class="messages scroll"
        ref={list}
        tabIndex={0}
        aria-label={`Messages with ${name}`}
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
          atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END;
        }}
      >
        {timeline(messages ?? [], new Date()).map((line) =>
          line.kind === 'day' ? (
            <li key={line.name} class="day">{line.name}</li>
          ) : (
            <Bubble key={line.message.wa_message_id} message={line.message} follows={line.follows} />
          ),
        )}
      </ol>
      <Composer phone={phone} peer={peer} onSent={() => (atEnd.current = true)} />
    </>
  );
}
