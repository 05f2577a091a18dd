/** Ids of chats: the digits of a person, `…@g.us` of a group, and one chat for everybody's status posts. */
export const STATUS = 'status@broadcast';

export type ChatKind = 'person' | 'group' | 'status';

export function kindOfChat(peer: string): ChatKind {
  if (peer === STATUS) return 'status';
  return peer.endsWith('@g.us') ? 'group' : 'person';
}

const INVITE = /^(?:https?:\/\/)?(?:chat\.whatsapp\.com\/)?(?:invite\/)?([A-Za-z0-9_-]{6,64})\/?$/;

/** The code of an invite link, or of the code alone; undefined when it can be neither. */
export function inviteCode(text: string): string | undefined {
  return INVITE.exec(text.trim())?.[1];
}
