import type { Message, Quoted } from '../api/shapes';
import { contentOf, type Content } from './content';

const WORDS = { image: 'Picture', video: 'Video', audio: 'Audio', document: 'Document', sticker: 'Sticker' } as const;

/** A message in a few words, for the list of chats and for quotes. `nameOf` is asked for people it speaks of. */
export function summary(message: Message, nameOf: (phone: string) => string = (phone) => phone): string {
  const content = contentOf(message);
  switch (content.kind) {
    case 'text':
      return content.text.replace(/@(\d{8,15})\b/g, (_, phone: string) => `@${nameOf(phone)}`);
    case 'image':
    case 'video':
    case 'audio':
    case 'document':
    case 'sticker': {
      const word = content.voice ? 'Voice note' : content.gif ? 'GIF' : WORDS[content.kind];
      return content.caption || content.filename || word;
    }
    case 'location':
      return content.name || content.address || 'Location';
    case 'contacts':
      return content.cards.length > 1 ? `${content.cards.length} contacts` : (content.cards[0]?.name ?? 'Contact');
    case 'poll':
      return content.name || 'Poll';
    case 'system':
      return notice(content, message.author, nameOf);
    case 'revoked':
      return message.from_me ? 'You deleted this message' : 'This message was deleted';
    default:
      return content.text || `[${content.type}]`;
  }
}

/** The message that is answered, in a few words. */
export function quotedWords({ wa_message_id, type, body }: Quoted): string {
  if (body) return body;
  return summary({ wa_message_id, from_me: false, type: type ?? 'text', body: '', at: '', ack: 1 });
}

/** What has happened to a group, as a sentence. */
export function notice(
  { action, recipients, text }: Extract<Content, { kind: 'system' }>,
  author: string | undefined,
  nameOf: (phone: string) => string,
): string {
  const who = author ? nameOf(author) : 'Somebody';
  const whom = recipients.map(nameOf).join(', ') || 'somebody';
  const sentences: Readonly<Record<string, string>> = {
    create: `${who} created the group${text ? ` “${text}”` : ''}`,
    add: `${who} added ${whom}`,
    remove: `${who} removed ${whom}`,
    promote: `${who} made ${whom} an admin`,
    demote: `${who} dismissed ${whom} as admin`,
    leave: `${recipients.length > 0 ? whom : who} left`,
    invite: `${recipients.length > 0 ? whom : who} joined by the invite link`,
    subject: `${who} changed the subject${text ? ` to “${text}”` : ''}`,
    description: `${who} changed the description`,
    picture: `${who} changed the group’s picture`,
    announce: `${who} changed who may write`,
    restrict: `${who} changed who may edit the group`,
    revoke_invite: `${who} reset the invite link`,
  };
  return sentences[action] ?? (text || `[${action || 'notice'}]`);
}
