/** Sending: the message shows at once, and what becomes of it is known later. */

import type { Attributes } from '../../base/model';
import { notSimulated } from '../../registry';
import { outbox } from '../../runtime/outbox';
import { ACK, SendMsgResult } from '../constants';
import { identity } from '../identity';
import type { MediaData } from '../media/media-data';
import { contentOf } from './content';
import { Msg } from './model';
import { messages, type SendTarget } from './store';

export interface SendResult {
  messageSendResult: keyof typeof SendMsgResult;
  t: number;
  count: null;
}

/**
 * Shows the message at once (ack 0) and hands it to the outbox. Returns two promises, as an array: the
 * message, and what became of it once the server has answered. While there is no connection the second
 * one stays open, and the message goes out under the same id when the connection is back.
 */
export function addAndSendMsgToChat(
  chat: SendTarget, raw: Msg | Attributes,
): [Promise<Msg>, Promise<SendResult>] {
  const msg = raw instanceof Msg ? raw : made(raw);
  if (!contentOf(msg)) notSimulated(`Sending messages of type ${msg.type}`)();
  const present = messages.get(msg.id);
  if (present) return [Promise.resolve(present), transmit(chat, present)];
  show(chat, msg);
  return [Promise.resolve(msg), transmit(chat, msg)];
}

/** Puts the message where everybody sees it. */
export function show(chat: SendTarget, msg: Msg): void {
  if (msg.isMedia) {
    msg.set('isUnsentMedia', true, { silent: true });
    msg.mediaData?.on('change:mediaStage', (_data: MediaData, stage: unknown) =>
      msg.trigger('change:mediaData.mediaStage', msg, stage));
  }
  chat.append(msg);
  messages.add(msg);
}

/** whatsapp-web.js spreads what it knows of the file into the message itself. */
function made({ mediaBlob, ...attributes }: Attributes): Msg {
  const msg = new Msg({ notifyName: identity.me?.name, ...attributes });
  if (mediaBlob) msg.mediaData?.set({ mediaBlob, mediaStage: 'RESOLVED' }, { silent: true });
  return msg;
}

async function transmit(chat: SendTarget, msg: Msg): Promise<SendResult> {
  const content = contentOf(msg);
  if (!content) return refused(msg);
  const answer = await outbox.send({
    to: String(chat.id),
    id: msg.id.id,
    msg: content,
  });
  if (answer.error) return refused(msg);
  msg.raiseAck(ACK.SENT);
  // whatsapp-web.js: event media_uploaded.
  if (msg.isMedia) msg.set('isUnsentMedia', false);
  return { messageSendResult: SendMsgResult.OK, t: answer.at, count: null };
}

function refused(msg: Msg): SendResult {
  msg.raiseAck(ACK.FAILED);
  return { messageSendResult: SendMsgResult.ERROR_UNKNOWN, t: msg.t, count: null };
}
