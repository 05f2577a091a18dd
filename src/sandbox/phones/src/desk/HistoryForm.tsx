import { History } from 'lucide';
import { useState } from 'preact/hooks';
import { act } from '../api/call';
import type { Phone } from '../api/shapes';
import { Field } from '../parts/Field';
import { Icon } from '../parts/Icon';
import { NumberInput } from '../parts/NumberInput';
import { useSubmit } from '../parts/submit';

interface Props {
  phones: Phone[];
  /** The phone that is suggested. */
  first: string | undefined;
}

/** Gives a phone a past: chats and messages that never were. */
export function HistoryForm({ phones, first }: Props) {
  const [choice, setChoice] = useState('');
  const [messages, setMessages] = useState(10_000);
  const [chats, setChats] = useState(20);
  const [days, setDays] = useState(365);
  const { busy, error, send } = useSubmit();
  const phone = phones.find((one) => one.phone === choice)?.phone ?? first ?? phones[0]?.phone;
  const invent = () =>
    phone && void send(() => act(phone, 'history', { messages, chats, days }), ['messages', 'chats', 'days'], 'The past is there.');
  return (
    <section aria-label="History">
      <div class="section-head"><h2>History</h2></div>
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          invent();
        }}
      >
        <Field label="For which phone" hint="Chats with others on this network and with strangers, all of them read.">
          {(attributes) => (
            <select {...attributes} name="history-phone" value={phone ?? ''} onChange={(event) => setChoice(event.currentTarget.value)}>
              {phones.map((one) => <option key={one.phone} value={one.phone}>{one.name}</option>)}
            </select>
          )}
        </Field>
        <div class="numbers">
          <NumberInput label="Messages" name="messages" value={messages} min={1} max={1_000_000} error={error('messages')} onChange={setMessages} />
          <NumberInput label="Chats" name="chats" value={chats} min={1} max={1_000_000} error={error('chats')} onChange={setChats} />
          <NumberInput label="Days back" name="days" value={days} min={1} max={1_000_000} error={error('days')} onChange={setDays} />
        </div>
        <button class="main-button" disabled={!phone || busy}>
          <Icon of={History} size={16} /> {busy ? 'Inventing…' : 'Invent a past'}
        </button>
      </form>
    </section>
  );
}
