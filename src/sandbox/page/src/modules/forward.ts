/** Forwarding: the same content once more, marked as forwarded. */

import { MsgKey } from '../ids/msg-key';
import type { Attributes } from '../base/model';
import type { ModuleTable } from '../registry';
import type { Chat } from './chats';
import { ACK, unixTime } from './constants';
import { identity } from './identity';
import { addAndSendMsgToChat, contentOf, type Msg, type SendResult } from './messages';

/** From here on WhatsApp calls a message "forwarded many times", and counts no further. */
const HIGHEST_SCORE = 127;
/** Fields of a message that belong to the conversation it was in. */
const LEFT_BEHIND = ['quotedStanzaID', 'quotedParticipant', 'quotedMsg', 'quotedRemoteJid', 'mentionedJidList', 'groupMentions'];
/** Where its file lies. */
const FILE = ['directPath', 'clientUrl', 'deprecatedMms3Url', 'mediaKey', 'mediaKeyTimestamp', 'encFilehash'];

interface Forward {
  chat: Chat;
  msgs: Msg[];
  includeCaption?: boolean;
  appendedText?: string | undefined;
}

async function forwardMessages({ chat, msgs, includeCaption = true, appendedText }: Forward): Promise<SendResult[]> {
  const results: SendResult[] = [];
  for (const msg of msgs) results.push(await sent(chat, copyOf(msg, includeCaption)));
  if (appendedText) results.push(await sent(chat, { type: 'chat', body: appendedText }));
  return results;
}

async function forwardMessagesToChats(msgs: Msg[], chats: Chat[], includeCaption = true): Promise<SendResult[]> {
  const results: SendResult[] = [];
  for (const chat of chats) results.push(...(await forwardMessages({ chat, msgs, includeCaption })));
  return results;
}

function copyOf(msg: Msg, includeCaption: boolean): Attributes {
  const content = contentOf(msg);
  if (!content) throw new Error(`A message of type ${msg.type} cannot be forwarded`);
  for (const field of LEFT_BEHIND) delete content[field];
  if (!includeCaption) delete content['caption'];
  const score = Math.min(Number(msg.get('forwardingScore') ?? 0) + 1, HIGHEST_SCORE);
  const file = Object.fromEntries(msg.isMedia ? FILE.map((name) => [name, msg.get(name)]) : []);
  return { ...content, ...file, isForwarded: true, forwardingScore: score };
}

async function sent(chat: Chat, content: Attributes): Promise<SendResult> {
  const me = identity.phone;
  const participant = chat.id.isGroup() ? identity.lid ?? null : null;
  const id = new MsgKey({ fromMe: true, remote: chat.id, id: await MsgKey.newId(), participant });
  const [, result] = addAndSendMsgToChat(chat, {
    ...content, id, from: me, to: chat.id, t: unixTime(), ack: ACK.CLOCK, self: 'out', local: true, isNewMsg: true,
  });
  return result;
}

export const forwardModules: ModuleTable = {
  // chat.forwardMessages and whatsapp-web.js message.forward; chat.forwardMessage. wa-js asks for both by name.
  WAWebChatForwardMessage: { forwardMessages },
  WAWebForwardMessagesToChat: { forwardMessagesToChats },
};
