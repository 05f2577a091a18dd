import { SendHorizontal } from 'lucide';
import { useRef, useState } from 'preact/hooks';
import { act } from '../api/call';
import type { Phone } from '../api/shapes';
import { Icon } from '../parts/Icon';
import { useAttempt } from '../parts/notice';

interface Props {
  phone: Phone;
  peer: string;
  onSent: () => void;
}

/** Where a message is written. Enter sends; Shift and Enter begin a new line. */
export function Composer({ phone, peer, onSent }: Props) {
  const [text, setText] = useState('');
  const form = useRef<HTMLFormElement>(null);
  const attempt = useAttempt();
  const send = async () => {
    const body = text.trim();
    if (body === '') return;
    setText('');
    const sent = await attempt(() => act(phone.phone, 'messages', { to: peer, type: 'text', text: { body } }));
    if (sent) onSent();
    else setText((now) => now || body);
  };
  return (
    <form
      class="composer"
      ref={form}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <textarea
        name="text"
        rows={1}
        aria-label="Message"
        placeholder="Message"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          form.current?.requestSubmit();
        }}
      />
      <button class="send" aria-label="Send" title="Send" disabled={text.trim() === ''}>
        <Icon of={SendHorizontal} />
      </button>
    </form>
  );
}
