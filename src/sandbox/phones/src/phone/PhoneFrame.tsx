import { BatteryFull, SignalHigh, WifiOff, X } from 'lucide';
import { useState } from 'preact/hooks';
import type { Chat, ChatHead, Phone, WaitingPage } from '../api/shapes';
import { timeOfDay } from '../model/time';
import { Icon, IconButton } from '../parts/Icon';
import { ChatScreen } from './ChatScreen';
import { DevicesScreen } from './DevicesScreen';
import { HomeScreen } from './HomeScreen';
import { NewChatScreen } from './NewChatScreen';

export interface PhoneProps {
  phone: Phone;
  phones: Phone[];
  pages: WaitingPage[];
  /** Undefined until they have arrived. */
  chats: ChatHead[] | undefined;
  /** The chat that is open, and its messages once they have arrived. */
  peer: string | undefined;
  chat: Chat | undefined;
  onShow: (phone: string, peer?: string) => void;
  onPutAway: (phone: string) => void;
}

/** What the phone shows while no chat is open. */
export type Screen = 'home' | 'devices' | 'new-chat';

/** One phone: a frame, and in it whatever screen its owner has opened. */
export function PhoneFrame(props: PhoneProps) {
  const { phone, phones, pages, chats, peer, chat, onShow, onPutAway } = props;
  const [screen, setScreen] = useState<Screen>('home');
  const open = (to?: string) => {
    setScreen('home');
    onShow(phone.phone, to);
  };
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
        {peer !== undefined ? (
          <ChatScreen
            key={peer}
            phone={phone}
            phones={phones}
            peer={peer}
            head={chats?.find((one) => one.peer === peer)}
            chat={chat}
            onBack={() => open()}
          />
        ) : screen === 'devices' ? (
          <DevicesScreen phone={phone} pages={pages} onBack={() => setScreen('home')} />
        ) : screen === 'new-chat' ? (
          <NewChatScreen phone={phone} phones={phones} onOpen={open} onBack={() => setScreen('home')} />
        ) : (
          <HomeScreen phone={phone} chats={chats} onOpen={open} onScreen={setScreen} />
        )}
      </div>
    </article>
  );
}
