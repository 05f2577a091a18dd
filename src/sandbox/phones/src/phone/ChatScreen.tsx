import { Info } from 'lucide';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { act } from '../api/call';
import type { Chat, ChatHead, Group, Message, Phone } from '../api/shapes';
import type { Shelf } from '../api/watch';
import { kindOfChat } from '../model/chat-id';
import { calledName, printedNumber } from '../model/person';
import { typingWords } from '../model/typing';
import { Avatar } from '../parts/Avatar';
import { IconButton } from '../parts/Icon';
import { useNames } from '../parts/people';
import { chatActions, type ChatActions } from './actions';
import { AppBar } from './AppBar';
import { ContactScreen } from './ContactScreen';
import { EmojiDialog } from './EmojiDialog';
import { ForwardScreen } from './ForwardScreen';
import { GroupScreen } from './GroupScreen';
import { MessageList } from './MessageList';
import type { Wish } from './MessageMenu';
import { MessageScreen } from './MessageScreen';
import { Writing, type Draft } from './Writing';

interface Props {
  phone: Phone;
  phones: Phone[];
  peer: string;
  head: ChatHead | undefined;
  chats: ChatHead[];
  chat: Chat | undefined;
  group: Group | undefined;
  shelf: Shelf;
  onBack: () => void;
  onOpen: (peer: string) => void;
}

/** What lies over the conversation. */
type Panel = { kind: 'about' } | { kind: 'forward' | 'info' | 'emoji'; message: Message } | null;

/** One conversation: with a person, in a group, or everybody's status posts. */
export function ChatScreen(props: Props) {
  const { phone, phones, peer, chat, group, shelf, onBack, onOpen } = props;
  const [panel, setPanel] = useState<Panel>(null);
  const [draft, setDraft] = useState<Draft>(null);
  const actions = useMemo(() => chatActions(phone.phone, peer), [phone.phone, peer]);
  const name = useChatName(props);
  useRead(phone.phone, peer, chat);
  const onWish = useMemo(
    () => (wish: Wish, message: Message) => {
      if (wish === 'reply' || wish === 'edit') setDraft({ kind: wish, message });
      else setPanel({ kind: wish, message });
    },
    [],
  );
  const close = () => setPanel(null);
  if (panel?.kind === 'about' && kindOfChat(peer) === 'person') {
    return <ContactScreen phone={phone} phones={phones} peer={peer} name={name} onBack={close} />;
  }
  if (panel?.kind === 'about' && group) {
    return <GroupScreen phone={phone} phones={phones} group={group} onBack={close} onOpen={onOpen} />;
  }
  if (panel?.kind === 'info') {
    // As it is now, not as it was when it was asked for.
    const message = chat?.messages.find((one) => one.wa_message_id === panel.message.wa_message_id) ?? panel.message;
    return <MessageScreen message={message} phone={phone} onBack={close} />;
  }
  if (panel?.kind === 'forward') {
    return <ForwardScreen {...props} message={panel.message} actions={actions} onBack={close} />;
  }
  return (
    <>
      <AppBar onBack={onBack} title={<ChatTitle {...props} name={name} />}>
        {kindOfChat(peer) !== 'status' && (
          <IconButton icon={Info} label={`About ${name}`} onClick={() => setPanel({ kind: 'about' })} />
        )}
      </AppBar>
      <MessageList
        phone={phone.phone}
        peer={peer}
        name={name}
        chat={chat}
        admin={group?.participants.some((one) => one.phone === phone.phone && one.admin) === true}
        shelf={shelf}
        actions={actions}
        onWish={onWish}
        onOpen={onOpen}
      />
      <Writing
        phone={phone}
        phones={phones}
        peer={peer}
        name={name}
        group={group}
        actions={actions}
        draft={draft}
        onDraft={setDraft}
      />
      {panel?.kind === 'emoji' && <ReactionPanel message={panel.message} actions={actions} onClose={close} />}
    </>
  );
}

function ReactionPanel({ message, actions, onClose }: { message: Message; actions: ChatActions; onClose: () => void }) {
  return <EmojiDialog onChoose={(emoji) => actions.react(message, emoji)} onClose={onClose} />;
}

function useChatName({ phones, peer, head, chat, group }: Props): string {
  const known = group?.subject ?? head?.name ?? chat?.name ?? phones.find((one) => one.phone === peer)?.name;
  return kindOfChat(peer) === 'status' ? 'Status' : calledName(peer, known);
}

/** Whoever looks at a chat has read it. */
function useRead(phone: string, peer: string, chat: Chat | undefined): void {
  const unread = chat?.unread ?? 0;
  useEffect(() => {
    if (unread > 0) act(phone, 'read', { from: peer }).catch(() => undefined);
  }, [phone, peer, unread, chat?.messages.at(-1)?.wa_message_id]);
}

function ChatTitle({ phone, phones, peer, head, chat, group, name }: Props & { name: string }) {
  const picture = group?.picture ?? head?.picture ?? phones.find((one) => one.phone === peer)?.picture;
  const nameOf = useNames(phone.phone);
  const kind = kindOfChat(peer);
  const typing = typingWords(chat?.typing ?? head?.typing ?? [], kind === 'group' ? nameOf : undefined);
  return (
    <span class="peer">
      <Avatar id={peer} name={name} picture={picture} size="small" />
      <b>{name}</b>
      <small class={typing ? 'typing' : ''} role="status">{typing ?? subtitle({ phone, phones, peer, group, nameOf })}</small>
    </span>
  );
}

interface Subtitle extends Pick<Props, 'phone' | 'phones' | 'peer' | 'group'> {
  nameOf: (phone: string) => string;
}

function subtitle({ phone, phones, peer, group, nameOf }: Subtitle): string {
  switch (kindOfChat(peer)) {
    case 'status':
      return 'Posts of everybody, for 24 hours';
    case 'group':
      return group?.participants.map((one) => nameOf(one.phone)).join(', ') ?? 'Group';
    default: {
      if (phone.blocked?.includes(peer)) return 'Blocked';
      const other = phones.find((one) => one.phone === peer);
      if (!other) return printedNumber(peer);
      return other.online ? 'online' : 'offline';
    }
  }
}
