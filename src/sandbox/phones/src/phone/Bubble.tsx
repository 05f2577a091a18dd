import { Forward } from 'lucide';
import type { Message, Quoted } from '../api/shapes';
import { contentOf } from '../model/content';
import { tint } from '../model/person';
import { reactionsOf } from '../model/reactions';
import { notice, quotedWords } from '../model/summary';
import { timeOfDay } from '../model/time';
import { Icon } from '../parts/Icon';
import { memo } from '../parts/memo';
import { useAttempt } from '../parts/notice';
import { useNames } from '../parts/people';
import type { ChatActions } from './actions';
import { MessageBody } from './MessageBody';
import { MessageMenu, type Wish } from './MessageMenu';
import { Ticks } from './Ticks';

interface Props {
  message: Message;
  follows: boolean;
  /** The phone that shows it. */
  self: string;
  /** Whether it says who wrote it. */
  named: boolean;
  /** Whether the phone is an admin of the group. */
  admin: boolean;
  actions: ChatActions;
  onWish: (wish: Wish, message: Message) => void;
  onOpen: (peer: string) => void;
  onFind: (id: string) => void;
}

/** One message, or a notice of what has happened to the group. */
export const Bubble = memo(function Bubble(props: Props) {
  const { message, follows, self, named, admin, actions, onWish, onOpen, onFind } = props;
  const nameOf = useNames(self);
  const content = contentOf(message);
  if (content.kind === 'system') {
    return <li class="day notice-line" data-message={message.wa_message_id}>{notice(content, message.author, nameOf)}</li>;
  }
  const { author } = message;
  const classes = ['bubble', message.from_me && 'own', follows && 'follows', content.kind].filter(Boolean).join(' ');
  return (
    <li class={classes} data-message={message.wa_message_id} data-type={message.type}>
      {named && !message.from_me && !follows && author && (
        <b class={`author tint-${tint(author)}`}>{nameOf(author)}</b>
      )}
      {message.forwarded && <small class="tag"><Icon of={Forward} size={13} /> Forwarded</small>}
      {message.quoted && content.kind !== 'revoked' && (
        <Quote quoted={message.quoted} nameOf={nameOf} onFind={onFind} />
      )}
      <MessageBody message={message} self={self} actions={actions} onOpen={onOpen} />
      <span class="foot">
        {message.edited_at && content.kind !== 'revoked' && <span>edited</span>}
        <time dateTime={message.at} title={new Date(message.at).toLocaleString()}>{timeOfDay(message.at)}</time>
        {message.from_me && <Ticks ack={message.ack} />}
      </span>
      <MessageMenu message={message} self={self} admin={admin} actions={actions} onWish={onWish} />
      <Reactions message={message} self={self} actions={actions} nameOf={nameOf} />
    </li>
  );
});

interface QuoteProps {
  quoted: Quoted;
  nameOf: (phone: string) => string;
  onFind?: (id: string) => void;
}

/** The message that is answered, in short; pressing it goes there. */
export function Quote({ quoted, nameOf, onFind }: QuoteProps) {
  const words = (
    <>
      {quoted.author && <b class={`tint-${tint(quoted.author)}`}>{nameOf(quoted.author)}</b>}
      <span>{quotedWords(quoted)}</span>
    </>
  );
  if (!onFind) return <span class="quote">{words}</span>;
  return <button type="button" class="quote" onClick={() => onFind(quoted.wa_message_id)}>{words}</button>;
}

interface ReactionProps {
  message: Message;
  self: string;
  actions: ChatActions;
  nameOf: (phone: string) => string;
}

function Reactions({ message, self, actions, nameOf }: ReactionProps) {
  const attempt = useAttempt();
  const standing = reactionsOf(message.reactions ?? []);
  if (standing.length === 0) return null;
  return (
    <span class="reactions">
      {standing.map(({ emoji, by }) => {
        const mine = by.includes(self);
        return (
          <button
            type="button"
            key={emoji}
            data-emoji={emoji}
            aria-pressed={mine}
            aria-label={`${emoji} by ${by.map(nameOf).join(', ')}`}
            title={by.map(nameOf).join(', ')}
            onClick={() => void attempt(() => actions.react(message, mine ? '' : emoji))}
          >
            {emoji}{by.length > 1 && <small>{by.length}</small>}
          </button>
        );
      })}
    </span>
  );
}
