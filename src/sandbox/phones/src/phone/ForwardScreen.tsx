import { useState } from 'preact/hooks';
import type { ChatHead, Message, Phone } from '../api/shapes';
import { STATUS } from '../model/chat-id';
import { calledName } from '../model/person';
import { Avatar } from '../parts/Avatar';
import { useAttempt } from '../parts/notice';
import { summary } from '../model/summary';
import type { ChatActions } from './actions';
import { AppBar } from './AppBar';

interface Props {
  phone: Phone;
  phones: Phone[];
  chats: ChatHead[];
  message: Message;
  actions: ChatActions;
  onBack: () => void;
}

/** To whom a message is forwarded: one of the chats, or one of the phones. */
export function ForwardScreen({ phone, phones, chats, message, actions, onBack }: Props) {
  const [wanted, setWanted] = useState('');
  const attempt = useAttempt();
  const sought = wanted.trim().toLowerCase();
  const strangers = phones.filter((one) => one.phone !== phone.phone && !chats.some((chat) => chat.peer === one.phone));
  const places = [
    ...chats.filter((chat) => chat.peer !== STATUS).map((chat) => ({ ...chat, name: calledName(chat.peer, chat.name) })),
    ...strangers.map((one) => ({ peer: one.phone, name: one.name, picture: one.picture })),
  ];
  const shown = places.filter(({ peer, name }) => `${name.toLowerCase()} ${peer}`.includes(sought));
  return (
    <>
      <AppBar title={<><b>Forward to</b><small>{summary(message)}</small></>} onBack={onBack} />
      <div class="padded">
        <input
          type="search"
          name="forward"
          aria-label="Find a chat"
          placeholder="Find a chat"
          autocomplete="off"
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
      </div>
      <div class="scroll">
        <ul class="rows">
          {shown.map(({ peer, name, picture }) => (
            <li key={peer}>
              <button
                type="button"
                class="row"
                data-peer={peer}
                onClick={async () => {
                  if (await attempt(() => actions.forward(message, peer), `Forwarded to ${name}.`)) onBack();
                }}
              >
                <Avatar id={peer} name={name} picture={picture} />
                <b>{name}</b>
              </button>
            </li>
          ))}
        </ul>
        {shown.length === 0 && <p class="quiet padded">No chat by that name.</p>}
      </div>
    </>
  );
}
