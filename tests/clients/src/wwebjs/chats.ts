/** Chats: what is asked of them, and what is set on them. The other device of the account has to hear of each. */

import { expect, later, same, type Rows } from '../rows';
import type { Phone } from '../sandbox';
import { idsOf } from '../world';
import type { Stage } from './session';

export async function chats(rows: Rows, stage: Stage): Promise<void> {
  rows.area('Chats');
  const { client, heard, anna, me } = stage;
  await rows.row('getChats', async () => {
    const chats = await client.getChats();
    const chat = chats.find((chat) => chat.id._serialized === anna.id);
    expect(chat?.name === anna.name && !chat.isGroup && chat.lastMessage, JSON.stringify(chats).slice(0, 200));
  });
  await rows.row('getChatById', async () => same((await client.getChatById(anna.id)).id._serialized, anna.id));
  await rows.row('Chat.getContact', async () => {
    same((await (await client.getChatById(anna.id)).getContact()).id._serialized, anna.id);
  });
  await rows.row('Chat.fetchMessages', async () => {
    const id = await anna.send(me.number, { type: 'text', text: { body: 'The latest one' } });
    await heard.first('message', (message) => message.id.id === id);
    const messages = await (await client.getChatById(anna.id)).fetchMessages({ limit: 100 });
    // The client leaves the order of one second's messages open.
    expect(messages.some((message) => message.id.id === id), `${messages.length} messages, and not the latest`);
    expect(messages.every(({ timestamp }, at) => timestamp >= (messages[at - 1]?.timestamp ?? 0)), 'they are out of order');
  });
  await rows.row('Chat.fetchMessages: of one side', async () => {
    const messages = await (await client.getChatById(anna.id)).fetchMessages({ limit: 3, fromMe: true });
    expect(messages.length === 3 && messages.every((message) => message.fromMe), `${messages.length} messages`);
  });
  await settings(rows, stage);
  await endings(rows, stage);
}

/** Does the act, and waits until the other device hears of this setting. */
export async function told(stage: Stage, peer: Phone, act: () => unknown, fits: (frame: any) => unknown): Promise<void> {
  const ids = await idsOf(peer);
  await stage.mine.heard.during(act, 'chat_set', (frame) => ids.includes(frame.chat) && fits(frame));
}

async function settings(rows: Rows, stage: Stage): Promise<void> {
  const { client, heard, ben, me } = stage;
  const chat = later(async () => {
    await client.sendMessage(ben.id, 'Hello Ben');
    return client.getChatById(ben.id);
  });
  await chat().catch(() => undefined);
  const set = (call: string, act: () => unknown, fits: (frame: any) => unknown) =>
    rows.row(call, () => told(stage, ben, act, fits));
  await set('archiveChat', () => client.archiveChat(ben.id), (frame) => frame.archive === true);
  await rows.row('event chat_archived', () =>
    heard.first('chat_archived', (chat, now) => chat.id._serialized === ben.id && now === true));
  await set('unarchiveChat', () => client.unarchiveChat(ben.id), (frame) => frame.archive === false);
  await set('Chat.archive', async () => (await chat()).archive(), (frame) => frame.archive === true);
  await set('Chat.unarchive', async () => (await chat()).unarchive(), (frame) => frame.archive === false);
  await set('pinChat', () => client.pinChat(ben.id), (frame) => frame.pin > 0);
  await set('unpinChat', () => client.unpinChat(ben.id), (frame) => frame.pin === 0);
  await set('Chat.pin', async () => (await chat()).pin(), (frame) => frame.pin > 0);
  await set('Chat.unpin', async () => (await chat()).unpin(), (frame) => frame.pin === 0);
  const tomorrow = new Date(Date.now() + 86_400_000);
  const until = Math.floor(tomorrow.getTime() / 1000);
  await set('muteChat', () => client.muteChat(ben.id, tomorrow), (frame) => frame.muteExpiration === until);
  await set('unmuteChat', () => client.unmuteChat(ben.id), (frame) => frame.muteExpiration === 0);
  await set('Chat.mute', async () => (await chat()).mute(), (frame) => frame.muteExpiration === -1);
  await set('Chat.unmute', async () => (await chat()).unmute(), (frame) => frame.muteExpiration === 0);
  await set('markChatUnread', () => client.markChatUnread(ben.id), (frame) => frame.markedUnread === true);
  await ben.send(me.number, { type: 'text', text: { body: 'Hello Maria' } });
  await client.sendSeen(ben.id);
  await set('Chat.markUnread', async () => (await chat()).markUnread(), (frame) => frame.markedUnread === true);
}

async function endings(rows: Rows, stage: Stage): Promise<void> {
  const { client, heard, ben, mine, me } = stage;
  await rows.row('Chat.clearMessages', async () => {
    const chat = await client.getChatById(ben.id);
    await told(stage, ben, () => chat.clearMessages(), (frame) => frame.clear);
    same((await mine.chat(ben.id))?.['msgs'] ?? [], []);
    expect((await ben.messages(me.number)).length > 0, 'Ben has lost his messages, too');
  });
  await rows.row('Chat.delete', async () => {
    const chat = await client.getChatById(ben.id);
    await told(stage, ben, () => chat.delete(), (frame) => frame.remove);
    same(await mine.chat(ben.id), undefined);
  });
  await rows.row('event chat_removed', () => heard.first('chat_removed', (chat) => chat?.id._serialized === ben.id));
}
