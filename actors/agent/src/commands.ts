/** What the engine may ask of the page. Every answer is data; an exception is turned into a refusal by the caller. */

import type { DriftReport } from './drift';
import { TooLate, reason, within } from './patience';
import { phoneCode } from './phone-code';
import { noteSend } from './reach';
import { readyWpp } from './state';
import { type Message, type Wid, type Wpp, bound, keyOf } from './wpp';

export interface SendOrder {
  chat: string;
  id: string;
  text: string;
  preview: boolean;
  deadline_ms: number;
}

export type SendAnswer =
  | { outcome: 'sent' }
  | { outcome: 'rejected'; code: string; detail: string }
  | { outcome: 'not_sent'; detail: string }
  | { outcome: 'unknown'; detail: string };

/** The ack of a message that the page has; below zero the page has given up on it and never sends it by itself. */
export interface LookUpAnswer {
  found: number | null;
}

/** Asks WhatsApp's server for our own "about" text, which the page never caches: proof of a round trip. */
export async function probe(order: { deadline_ms: number }, drift: DriftReport): Promise<{ took_ms: number }> {
  const wpp = readyWpp();
  const lacks = drift.lacks('probe');
  if (lacks.length > 0) throw new Error(changed(lacks));
  const begin = performance.now();
  await within(order.deadline_ms, () => wpp.whatsapp.functions.getStatus(wpp.conn.getMyUserWid()));
  return { took_ms: Math.ceil(performance.now() - begin) };
}

/** Sends under the id given, and waits until the server has acknowledged it. */
export async function send(order: SendOrder, drift: DriftReport): Promise<SendAnswer> {
  const lacks = drift.lacks('send');
  if (lacks.length > 0) return { outcome: 'not_sent', detail: changed(lacks) };
  let wpp: typeof Wpp;
  try {
    wpp = readyWpp();
  } catch (error) {
    return { outcome: 'not_sent', detail: reason(error) };
  }
  let handedOver = false;
  const ended = noteSend();
  try {
    return await within(order.deadline_ms, async (expired) => {
      const known = own(wpp, order.id);
      if (known) return await acknowledged(known, expired);
      const to = await recipient(wpp, order.chat);
      if ('outcome' in to) return to;
      if (expired()) return { outcome: 'not_sent', detail: 'too late' } as const;
      handedOver = true;
      return await hand(wpp, to.chat, order);
    });
  } catch (error) {
    // What the page has it may still send by itself: only what it does not have is surely not sent.
    const held = (handedOver && error instanceof TooLate) || mayHave(wpp, order.id);
    return { outcome: held ? 'unknown' : 'not_sent', detail: reason(error) };
  } finally {
    ended();
  }
}

/** Looks for a message of ours by its id, in memory first, then in the page's database. */
export async function lookUp(order: { chat: string; id: string }): Promise<LookUpAnswer> {
  const wpp = readyWpp();
  const message = own(wpp, order.id) ?? (await stored(wpp, order));
  return { found: message ? ackOf(message) : null };
}

/** Looks for many messages of ours at once. Where the time does not suffice, the answer is shorter than the question. */
export async function lookUpMany(order: {
  messages: { chat: string; id: string }[];
  deadline_ms: number;
}): Promise<{ found: (number | null)[] }> {
  const wpp = readyWpp();
  const ours = new Map<string, Message>();
  for (const message of wpp.whatsapp.MsgStore.getModelsArray() as Message[]) {
    const { id, fromMe } = keyOf(message);
    if (fromMe) ours.set(id, message);
  }
  const found: (number | null)[] = [];
  const until = performance.now() + order.deadline_ms;
  for (const one of order.messages) {
    if (performance.now() >= until) break;
    const message = ours.get(one.id) ?? (await stored(wpp, one));
    found.push(message ? ackOf(message) : null);
  }
  return { found };
}

export function refreshPairing(): object {
  const wpp = bound();
  if (!wpp) throw new Error('the page is still loading');
  if (wpp.conn.isAuthenticated()) throw new Error('the page is linked already');
  // The new code comes as an event; waiting for it here would only hold up the engine.
  void wpp.conn.refreshQR().catch(() => undefined);
  return {};
}

export type PhoneCodeAnswer =
  | { outcome: 'code'; code: string; expires_at_ms: number }
  | { outcome: 'number' | 'too_many'; detail: string };

/** Asks for a code that is typed on the phone of this number. The same number gets the same code while it is good. */
export async function pairByPhone({ phone }: { phone: string }): Promise<PhoneCodeAnswer> {
  const wpp = bound();
  if (!wpp) throw new Error('the page is still loading');
  if (wpp.conn.isAuthenticated()) throw new Error('the page is linked already');
  try {
    const code = await wpp.conn.startLinkDeviceCodeForPhoneNumber(phone);
    return { outcome: 'code', ...phoneCode(code) };
  } catch (error) {
    // What the page says differs by version; these words are all that is known of it.
    const detail = reason(error);
    if (/429|rate|over.?limit|too many/i.test(detail)) return { outcome: 'too_many', detail };
    if (/400|bad|invalid|not.?found|number/i.test(detail)) return { outcome: 'number', detail };
    throw error;
  }
}

export function logOut(): object {
  const wpp = bound();
  if (!wpp?.conn.isAuthenticated()) throw new Error('the page is not linked');
  // The page navigates away when it is done; the event tells.
  void wpp.conn.logout().catch(() => undefined);
  return {};
}

function changed(lacks: string[]): string {
  return `WhatsApp Web has changed; missing: ${lacks.join(', ')}`;
}

function ackOf(message: Message): number {
  return message.ack ?? 0;
}

/** A message of ours in the page's memory. Under the id alone: the page may keep the chat under a hidden identity. */
function own(wpp: typeof Wpp, id: string): Message | undefined {
  const messages = wpp.whatsapp.MsgStore.getModelsArray() as Message[];
  return messages.find((message) => keyOf(message).fromMe && keyOf(message).id === id);
}

/** Whether the page has a message of ours, or cannot say that it does not. */
function mayHave(wpp: typeof Wpp, id: string): boolean {
  try {
    return own(wpp, id) !== undefined;
  } catch {
    return true;
  }
}

/** A message of ours in the page's database, for chats whose history is not in memory. */
async function stored(wpp: typeof Wpp, order: { chat: string; id: string }): Promise<Message | undefined> {
  const chat = wpp.whatsapp.ChatStore.get(wpp.whatsapp.WidFactory.createWid(order.chat));
  // Without a chat nothing was ever sent to it. A group's keys name the writer, which only memory knows.
  if (!chat || chat.id.isGroup()) return undefined;
  try {
    return await wpp.chat.getMessageById(`true_${chat.id.toString()}_${order.id}`);
  } catch (error) {
    if ((error as { code?: string }).code === 'msg_not_found') return undefined;
    throw error;
  }
}

/** Waits for the ack of a message that the page has already: it sends it by itself, unless it has given up on it. */
async function acknowledged(message: Message, expired: () => boolean): Promise<SendAnswer> {
  while (ackOf(message) < 1) {
    if (ackOf(message) < 0) return refused('the page does not say why');
    if (expired()) return { outcome: 'unknown', detail: 'the page has it and has not sent it yet' };
    await new Promise((resume) => setTimeout(resume, 50));
  }
  return { outcome: 'sent' };
}

/** The chat to send to. A chat that does not exist yet is only made for a number that is on WhatsApp. */
async function recipient(
  wpp: typeof Wpp,
  address: string,
): Promise<{ chat: Wpp.whatsapp.ChatModel } | Extract<SendAnswer, { outcome: 'rejected' }>> {
  let wid: Wid = wpp.whatsapp.WidFactory.createWid(address);
  const known = wpp.whatsapp.ChatStore.get(wid);
  if (known) return { chat: known };
  if (wid.server === 'c.us') {
    // Not wa-js' own query: that one answers "no" when it could not ask.
    const who = await wpp.whatsapp.functions.queryWidExists(wid);
    if (!who?.wid) return { outcome: 'rejected', code: 'not_on_whatsapp', detail: 'the number is not on WhatsApp' };
    wid = who.wid;
  }
  return { chat: await wpp.chat.find(wid) };
}

async function hand(wpp: typeof Wpp, chat: Wpp.whatsapp.ChatModel, order: SendOrder): Promise<SendAnswer> {
  const result = await wpp.chat.sendTextMessage(chat.id, order.text, {
    messageId: keyFor(wpp, chat, order.id),
    createChat: true,
    waitForAck: true,
    detectMentioned: false,
    linkPreview: order.preview,
    // Sending is not reading: what the other side sees as read is the account's own decision.
    markIsRead: false,
  });
  const said = String(result.sendMsgResult?.messageSendResult ?? 'no result');
  if (result.ack >= 1 || said === 'OK') return { outcome: 'sent' };
  return result.ack < 0 ? refused(said) : { outcome: 'unknown', detail: said };
}

/** Its ack is below zero: WhatsApp's server has said no, and the page does not try again. */
function refused(why: string): SendAnswer {
  return { outcome: 'rejected', code: 'rejected', detail: `WhatsApp refused the message: ${why}` };
}

/** The page's key for our id. The sender stands in it as the chat addresses people: by number or hidden identity. */
function keyFor(wpp: typeof Wpp, chat: Wpp.whatsapp.ChatModel, id: string): Wpp.whatsapp.MsgKey {
  const hidden = chat.id.isGroup() || chat.id.isLid();
  const from = (hidden ? wpp.conn.getMyUserLid() : undefined) ?? wpp.conn.getMyUserWid();
  return new wpp.whatsapp.MsgKey({
    from,
    to: chat.id,
    id,
    participant: chat.id.isGroup() ? from : undefined,
    selfDir: 'out',
  });
}

