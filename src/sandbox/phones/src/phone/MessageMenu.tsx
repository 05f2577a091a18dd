import { ChevronDown, Forward, Info, Pencil, Reply, SmilePlus, Trash2, type IconNode } from 'lucide';
import type { Message } from '../api/shapes';
import { contentOf } from '../model/content';
import { Menu, type MenuItem } from '../parts/Menu';
import { useAttempt } from '../parts/notice';
import type { ChatActions } from './actions';

/** What somebody wants to do with a message, besides what is done at once. */
export type Wish = 'reply' | 'forward' | 'edit' | 'info' | 'emoji';

interface Props {
  message: Message;
  self: string;
  /** An admin of the group takes back what others wrote, too. */
  admin: boolean;
  actions: ChatActions;
  onWish: (wish: Wish, message: Message) => void;
}

export const QUICK = ['👍', '❤️', '😂', '😮', '😢', '🙏'];

/** A row of reactions, and everything else that can be done with a message. */
export function MessageMenu({ message, self, admin, actions, onWish }: Props) {
  const attempt = useAttempt();
  const mine = message.reactions?.find((reaction) => reaction.by === self)?.emoji;
  const wish = (label: string, icon: IconNode, what: Wish): MenuItem => ({ label, icon, act: () => onWish(what, message) });
  const items = () => {
    const { kind } = contentOf(message);
    if (kind === 'revoked') return [wish('Info', Info, 'info')];
    const list = [
      wish('Another reaction', SmilePlus, 'emoji'),
      wish('Reply', Reply, 'reply'),
      wish('Forward', Forward, 'forward'),
    ];
    if (message.from_me && ['text', 'image', 'video', 'document'].includes(kind)) list.push(wish('Edit', Pencil, 'edit'));
    list.push(wish('Info', Info, 'info'));
    if (message.from_me || admin) {
      list.push({
        label: 'Delete for everyone',
        icon: Trash2,
        danger: true,
        act: () => void attempt(() => actions.revoke(message)),
      });
    }
    return list;
  };
  return (
    <Menu class="message-menu" label="What to do with this message" icon={ChevronDown} items={items}>
      {(close) =>
        contentOf(message).kind !== 'revoked' && (
          <div class="emoji-row" role="group" aria-label="React">
            {QUICK.map((emoji) => (
              <button
                type="button"
                role="menuitemcheckbox"
                key={emoji}
                aria-checked={emoji === mine}
                aria-label={`React with ${emoji}`}
                onClick={() => {
                  close();
                  void attempt(() => actions.react(message, emoji === mine ? '' : emoji));
                }}
              >
                {emoji}
              </button>
            ))}
          </div>
        )
      }
    </Menu>
  );
}
