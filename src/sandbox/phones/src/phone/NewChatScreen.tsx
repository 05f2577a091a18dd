import { Users } from 'lucide';
import { useState } from 'preact/hooks';
import type { Phone } from '../api/shapes';
import { printedNumber, typedNumber } from '../model/person';
import { Avatar } from '../parts/Avatar';
import { Icon } from '../parts/Icon';
import { AppBar } from './AppBar';
import type { Screen } from './PhoneFrame';

interface Props {
  phone: Phone;
  phones: Phone[];
  onOpen: (peer: string) => void;
  onScreen: (screen: Screen) => void;
  onBack: () => void;
}

/** Whom to write to: one of the phones, or any number. */
export function NewChatScreen({ phone, phones, onOpen, onScreen, onBack }: Props) {
  const [wanted, setWanted] = useState('');
  const sought = wanted.trim().toLowerCase();
  const number = typedNumber(wanted);
  const others = phones.filter((one) => one.phone !== phone.phone);
  const shown = others.filter((one) => `${one.name.toLowerCase()} ${one.phone}`.includes(number ?? sought));
  const stranger = number !== undefined && !phones.some((one) => one.phone === number);
  return (
    <>
      <AppBar title={<b>New chat</b>} onBack={onBack} />
      <form
        class="padded"
        onSubmit={(event) => {
          event.preventDefault();
          const first = stranger ? number : shown[0]?.phone;
          if (first) onOpen(first);
        }}
      >
        <input
          type="search"
          name="to"
          aria-label="Name or number"
          placeholder="Name or number"
          autocomplete="off"
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
      </form>
      <div class="scroll">
        <ul class="rows">
          <li>
            <button type="button" class="row" onClick={() => onScreen('new-group')}>
              <span class="avatar"><Icon of={Users} /></span>
              <b>New group</b>
              <small>Or join one by its link.</small>
            </button>
          </li>
          {stranger && (
            <li>
              <button type="button" class="row" data-peer={number} onClick={() => onOpen(number)}>
                <Avatar id={number} name="" />
                <b>{printedNumber(number)}</b>
                <small>A number without a phone here: it answers by itself, if it was told to.</small>
              </button>
            </li>
          )}
          {shown.map((one) => (
            <li key={one.phone}>
              <button type="button" class="row" data-peer={one.phone} onClick={() => onOpen(one.phone)}>
                <Avatar id={one.phone} name={one.name} picture={one.picture} />
                <b>{one.name}</b>
                <small>{printedNumber(one.phone)}</small>
              </button>
            </li>
          ))}
        </ul>
        {shown.length === 0 && !stranger && <p class="quiet padded">Nobody by that name. A number works, too.</p>}
      </div>
    </>
  );
}
