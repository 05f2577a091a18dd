import { BatteryFull, SignalHigh, WifiOff, X } from 'lucide';
import { useState } from 'preact/hooks';
import type { Chat, ChatHead, Group, Phone, WaitingPage } from '../api/shapes';
import type { Shelf } from '../api/watch';
import { timeOfDay } from '../model/time';
import { Icon, IconButton } from '../parts/Icon';
import { ChatScreen } from './ChatScreen';
import { DevicesScreen } from './DevicesScreen';
import { HomeScreen } from './HomeScreen';
import { NewChatScreen } from './NewChatScreen';
import { NewGroupScreen } from './NewGroupScreen';
import { ProfileScreen } from './ProfileScreen';

export interface PhoneProps {
  phone: Phone;
  phones: Phone[];
  pages: WaitingPage[];
  /** Undefined until they have arrived. */
  chats: ChatHead[] | undefined;
  /** The chat that is open, and its messages once they have arrived. */
  peer: string | undefined;
  chat: Chat | undefined;
  /** The group that this chat is. */
  group: Group | undefined;
  shelf: Shelf;
  onShow: (phone: string, peer?: string) => void;
  onPutAway: (phone: string) => void;
}

/** What the phone shows while no chat is open. */
export type Screen = 'home' | 'devices' | 'new-chat' | 'new-group' | 'profile';

/** One phone: a frame, and in it whatever screen its owner has opened. */
export function PhoneFrame(props: PhoneProps) {
  const { phone, onPutAway } = props;
  return (
    <article class={`phone ${phone.online ? '' : 'offline'}`} aria-label={phone.name} data-phone={phone.phone}>
      <div class="status-bar">
        <span aria-hidden="true">{timeOfDay(new Date().toISOString())}</span>
        <IconButton icon={X} label={`Put ${phone.name} away`} size={15} onClick={() => onPutAway(phone.phone)} />
        <span class="status-signs">
          {phone.online ? <Icon of={SignalHigh} size={15} /> : <Icon of={WifiOff} size={15} label="Offline" />}
          <Icon of={BatteryFull} size={17} />
        </span>
      </div>
      <div class="screen">
        <ScreenOf {...props} />
      </div>
    </article>
  );
}

function ScreenOf({ phone, phones, pages, chats, peer, chat, group, shelf, onShow }: PhoneProps) {
  const [screen, setScreen] = useState<Screen>('home');
  const open = (to?: string) => {
    setScreen('home');
    onShow(phone.phone, to);
  };
  const home = () => setScreen('home');
  if (peer !== undefined) {
    return (
      <ChatScreen
        key={peer}
        phone={phone}
        phones={phones}
        peer={peer}
        head={chats?.find((one) => one.peer === peer)}
        chats={chats ?? []}
        chat={chat}
        group={group}
        shelf={shelf}
        onBack={() => open()}
        onOpen={open}
      />
    );
  }
  switch (screen) {
    case 'devices':
      return <DevicesScreen phone={phone} pages={pages} onBack={home} />;
    case 'new-chat':
      return <NewChatScreen phone={phone} phones={phones} onOpen={open} onScreen={setScreen} onBack={home} />;
    case 'new-group':
      return <NewGroupScreen phone={phone} phones={phones} onOpen={open} onBack={home} />;
    case 'profile':
      return <ProfileScreen phone={phone} onBack={home} />;
    default:
      return <HomeScreen phone={phone} chats={chats} onOpen={open} onScreen={setScreen} />;
  }
}
