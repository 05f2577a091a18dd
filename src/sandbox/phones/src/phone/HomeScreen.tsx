import { MessageSquarePlus, Smartphone, Unlink, Wifi, WifiOff } from 'lucide';
import { act } from '../api/call';
import type { ChatHead, Phone } from '../api/shapes';
import { summary } from '../model/summary';
import { printedNumber } from '../model/person';
import { shortMoment } from '../model/time';
import { Avatar } from '../parts/Avatar';
import { Icon } from '../parts/Icon';
import { Menu, type MenuItem } from '../parts/Menu';
import { useAttempt } from '../parts/notice';
import { AppBar } from './AppBar';
import type { Screen } from './PhoneFrame';
import { Ticks } from './Ticks';

interface Props {
  phone: Phone;
  chats: ChatHead[] | undefined;
  onOpen: (peer: string) => void;
  onScreen: (screen: Screen) => void;
}

/** The list of chats. */
export function HomeScreen({ phone, chats, onOpen, onScreen }: Props) {
  const attempt = useAttempt();
  const items: MenuItem[] = [
    { label: 'New chat', icon: MessageSquarePlus, act: () => onScreen('new-chat') },
    { label: 'Linked pages', icon: Smartphone, act: () => onScreen('devices') },
    phone.online
      ? { label: 'Go offline', icon: WifiOff, act: () => void attempt(() => act(phone.phone, 'offline')) }
      : { label: 'Go online', icon: Wifi, act: () => void attempt(() => act(phone.phone, 'online')) },
  ];
  if (phone.linked.length > 0) {
    items.push({
      label: 'Log out all pages',
      icon: Unlink,
      danger: true,
      act: () => void attempt(() => act(phone.phone, 'unlink'), 'All pages are logged out.'),
    });
  }
  return (
    <>
      <AppBar
        title={
          <>
            <b>{phone.name}</b>
            <small>{printedNumber(phone.phone)}</small>
          </>
        }
      >
        <Menu label={`What ${phone.name} can do`} items={items} />
      </AppBar>
      {!phone.online && (
        <p class="banner">
          <Icon of={WifiOff} size={16} /> Offline: what is sent to this phone waits.
        </p>
      )}
      <div class="scroll">
        {chats?.length === 0 && (
          <div class="empty">
            <p>No chats yet.</p>
            <button type="button" class="main-button" onClick={() => onScreen('new-chat')}>Write to somebody</button>
            {phone.linked.length === 0 && (
              <button type="button" class="quiet-button" onClick={() => onScreen('devices')}>Link a page</button>
            )}
          </div>
        )}
        <ul class="rows chats">
          {(chats ?? []).map((chat) => (
            <li key={chat.peer}>
              <ChatRow chat={chat} onOpen={() => onOpen(chat.peer)} />
            </li>
          ))}
        </ul>
      </div>
      {(chats?.length ?? 0) > 0 && (
        <button type="button" class="float" aria-label="New chat" title="New chat" onClick={() => onScreen('new-chat')}>
          <Icon of={MessageSquarePlus} size={22} />
        </button>
      )}
    </>
  );
}

function ChatRow({ chat, onOpen }: { chat: ChatHead; onOpen: () => void }) {
  const { last } = chat;
  return (
    <button type="button" class="row" data-peer={chat.peer} onClick={onOpen}>
      <Avatar id={chat.peer} name={chat.name} />
      <b>{chat.name}</b>
      <time class={chat.unread > 0 ? 'fresh' : ''}>{last && shortMoment(last.at, new Date())}</time>
      <small>
        {last?.from_me && <Ticks ack={last.ack} />}
        {last && summary(last)}
      </small>
      {chat.unread > 0 && <span class="count" aria-label={`${chat.unread} unread`}>{chat.unread}</span>}
    </button>
  );
}
