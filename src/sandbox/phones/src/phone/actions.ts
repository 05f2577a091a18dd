import { act } from '../api/call';
import type { Message } from '../api/shapes';
import type { Outgoing } from '../model/outgoing';

/** What the owner of a phone does in one chat, by the control API. */
export interface ChatActions {
  send: (message: Outgoing, reply?: Message | null) => Promise<unknown>;
  react: (message: Message, emoji: string) => Promise<unknown>;
  edit: (message: Message, text: string) => Promise<unknown>;
  revoke: (message: Message) => Promise<unknown>;
  vote: (message: Message, options: string[]) => Promise<unknown>;
  forward: (message: Message, to: string) => Promise<unknown>;
  typing: (state: 'composing' | 'recording' | 'paused') => Promise<unknown>;
  played: (message: Message) => Promise<unknown>;
}

export function chatActions(phone: string, peer: string): ChatActions {
  const about = ({ wa_message_id }: Message) => ({ to: peer, wa_message_id });
  return {
    send: (message, reply) =>
      act(phone, 'messages', {
        to: peer,
        ...message,
        ...(reply && { context: { message_id: reply.wa_message_id } }),
      }),
    react: (message, emoji) => act(phone, 'react', { ...about(message), emoji }),
    edit: (message, text) => act(phone, 'edit', { ...about(message), text }),
    revoke: (message) => act(phone, 'revoke', about(message)),
    vote: (message, options) => act(phone, 'vote', { ...about(message), options }),
    forward: ({ wa_message_id }, to) => act(phone, 'forward', { chat: peer, wa_message_id, to }),
    typing: (state) => act(phone, 'typing', { to: peer, state }),
    played: ({ wa_message_id }) => act(phone, 'read', { from: peer, wa_message_id, played: true }),
  };
}
