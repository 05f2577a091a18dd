/** What people and chats are called on the screen, and how they look. */

import type { Wid } from '../ids/wid';
import type { Chat } from '../modules/chats';
import { contacts } from '../modules/contacts';
import { identity } from '../modules/identity';
import type { Msg } from '../modules/messages';
import { pictures } from '../modules/profile';
import { colourOf, element } from './element';

export function nameOf(id: Wid | undefined): string {
  if (!id) return 'Somebody';
  if (identity.isMe(id)) return 'You';
  return contacts.get(id)?.displayName ?? `+${id.user}`;
}

export function titleOf(chat: Chat): string {
  if (chat.id.isStatus()) return 'Status updates';
  return identity.isMe(chat.id) ? `${chat.formattedTitle} (you)` : chat.formattedTitle;
}

export function writerOf(msg: Msg): string {
  return nameOf(msg.sender);
}

const asked = new Set<Wid>();

/** The chat's picture, or the first letter of its name. */
export function avatar(id: Wid, name: string): HTMLElement {
  const picture = pictures.get(id);
  if (!picture && !id.isStatus() && !asked.has(id)) {
    asked.add(id);
    void pictures.find(id).catch(() => asked.delete(id));
  }
  if (picture?.img) {
    const image = element('img', 'avatar');
    image.alt = '';
    image.src = picture.img;
    return image;
  }
  const letter = element('span', 'avatar', name.replace(/^\+/, '').slice(0, 1).toUpperCase());
  letter.style.color = colourOf(String(id));
  return letter;
}
