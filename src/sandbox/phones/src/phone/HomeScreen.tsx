import { CircleDashed, MessageSquarePlus, Smartphone, Unlink, UserRound, Users, Wifi, WifiOff } from 'lucide';
import { useState } from 'preact/hooks';
import { act } from '../api/call';
import type { ChatHead, Phone } from '../api/shapes';
import { kindOfChat, STATUS } from '../model/chat-id';
import { calledName, printedNumber } from '../model/person';
import { summary } from '../model/summary';
import { shortMoment } from '../model/time';
import { typingWords } from '../model/typing';
import { Avatar } from '../parts/Avatar';
import { Icon, IconButton } from '../parts/Icon';
import { Menu, type MenuItem } from '../parts/Menu';
import { useAttempt, type Attempt } from '../parts/notice';
import { useNames } from '../parts/people';
import { AppBar } from './AppBar';
import type { Screen } from './PhoneFrame';
import { Ticks } from './Ticks';

interface Props {
  phone: Phone;
  chats: ChatHead[] | undefined;
  onOpen: (peer: string) => void;
  onScreen: (screen: Screen) => void;
}

/** From this many chats on, one is found by typing. */
const SEARCH_FROM = 10;

/** Chats that are drawn at a time; the others are found by typing. */
const SHOWN = 100;

/** The list of chats. */
export function HomeScreen({ phone, chats, onOpen, onScreen }: Props) {
  const attempt = useAttempt();
  const [wanted, setWanted] = useState('');
  const all = chats?.filter((chat) => chat.peer !== STATUS) ?? [];
  const sought = wanted.trim().toLowerCase();
  const found = all.filter(({ name, peer }) => `${name.toLowerCase()} ${peer}`.includes(sought));
  return (
    <>
      <AppBar title={<><b>{phone.name}</b><small>{printedNumber(phone.phone)}</small></>}>
        <StatusButton chats={chats ?? []} onOpen={onOpen} />
        <Menu label={`What ${phone.name} can do`} items={() => itemsOf(phone, attempt, onScreen)} />
      </AppBar>
      {phone.banned && <p class="banner">This number is banned from WhatsApp.</p>}
      {!phone.online && (
        <p class="banner">
          <Icon of={WifiOff} size={16} /> Offline: what is sent to this phone waits.
        </p>
      )}
      <div class="scroll">
        {chats && all.length === 0 && <NoChats linked={phone.linked.length > 0} onScreen={onScreen} />}
        {all.length >= SEARCH_FROM && (
          <div class="padded">
            <input
              type="search"
              name="find-chat"
              aria-label="Find a chat"
              placeholder="Find a chat"
              value={wanted}
              onInput={(event) => setWanted(event.currentTarget.value)}
            />
          </div>
        )}
        <ul class="rows chats">
          {found.slice(0, SHOWN).map((chat) => (
            <li key={chat.peer}>
              <ChatRow chat={chat} self={phone.phone} onOpen={() => onOpen(chat.peer)} />
            </li>
          ))}
        </ul>
        {found.length > SHOWN && <p class="quiet padded">{found.length - SHOWN} more: find them by name or number.</p>}
      </div>
      {all.length > 0 && (
        <button type="button" class="float" aria-label="New chat" title="New chat" onClick={() => onScreen('new-chat')}>
          <Icon of={MessageSquarePlus} size={22} />
        </button>
      )}
    </>
  );
}

function itemsOf(phone: Phone, attempt: Attempt, onScreen: Props['onScreen']): MenuItem[] {
  const deed = (name: string, done?: string) => () => void attempt(() => act(phone.phone, name), done);
  const items: MenuItem[] = [
    { label: 'New chat', icon: MessageSquarePlus, act: () => onScreen('new-chat') },
    { label: 'New group', icon: Users, act: () => onScreen('new-group') },
    { label: 'Linked pages', icon: Smartphone, act: () => onScreen('devices') },
    { label: 'Profile', icon: UserRound, act: () => onScreen('profile') },
    phone.online
      ? { label: 'Go offline', icon: WifiOff, act: deed('offline') }
      : { label: 'Go online', icon: Wifi, act: deed('online') },
  ];
  if (phone.linked.length > 0) {
    items.push({ label: 'Log out all pages', icon: Unlink, danger: true, act: deed('unlink', 'All pages are logged out.') });
  }
  return items;
}

function StatusButton({ chats, onOpen }: { chats: ChatHead[]; onOpen: (peer: string) => void }) {
  const unread = chats.find((chat) => chat.peer === STATUS)?.unread ?? 0;
  return (
    <span class="with-count">
      <IconButton
        icon={CircleDashed}
        label={unread > 0 ? `Status posts, ${unread} new` : 'Status posts'}
        size={18}
        onClick={() => onOpen(STATUS)}
      />
      {unread > 0 && <span class="count" aria-hidden="true">{unread}</span>}
    </span>
  );
}

function NoChats({ linked, onScreen }: { linked: boolean; onScreen: Props['onScreen'] }) {
  return (
    <div class="empty">
      <p>No chats yet.</p>
      <button type="button" class="main-button" onClick={() => onScreen('new-chat')}>Write to somebody</button>
      <button type="button" class="quiet-button" onClick={() => onScreen('new-group')}>New group</button>
      {!linked && <button type="button" class="quiet-button" onClick={() => onScreen('devices')}>Link a page</button>}
    </div>
  );
}

function ChatRow({ chat, self, onOpen }: { chat: ChatHead; self: string; onOpen: () => void }) {
  const nameOf = useNames(self);
  const { last, peer } = chat;
  const group = kindOfChat(peer) === 'group';
  const typing = typingWords(chat.typing ?? [], group ? nameOf : undefined);
  const author = group && last && !last.from_me && last.type !== 'system' && last.author ? `${nameOf(last.author)}: ` : '';
  return (
    <button type="button" class="row" data-peer={peer} onClick={onOpen}>
      <Avatar id={peer} name={chat.name} picture={chat.picture} />
      <b>{calledName(peer, chat.name)}</b>
      <time class={chat.unread > 0 ? 'fresh' : ''}>{last && shortMoment(last.at, new Date())}</time>
      {typing ? (
        <small class="typing">{typing}</small>
      ) : (
        <small>
          {last?.from_me && last.type !== 'system' && <Ticks ack={last.ack} />}
          <span class="line">{last && author + summary(last, nameOf)}</span>
        </small>
      )}
      {chat.unread > 0 && <span class="count" aria-label={`${chat.unread} unread`}>{chat.unread}</span>}
    </button>
  );
}
