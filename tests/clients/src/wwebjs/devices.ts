/** What another device of the same account does, as the client hears of it. */

import { same, type Rows } from '../rows';
import type { Stage } from './session';

export async function devices(rows: Rows, { client, heard, anna, me, mine }: Stage): Promise<void> {
  rows.area('Several devices');
  await rows.row('event message_create: sent on another device', async () => {
    const id = await mine.send(anna.id, 'From my other page');
    const [message] = await heard.first('message_create', (message) => message.id.id === id);
    same([message.fromMe, message.to, message.body], [true, anna.id, 'From my other page']);
  });
  await rows.row('event message_ack: of what another device sent', async () => {
    const id = await mine.send(anna.id, 'Read this');
    await heard.first('message_create', (message) => message.id.id === id);
    await anna.do('read', { from: me.number });
    await heard.first('message_ack', (message, ack) => ack === 3 && message.id.id === id);
  });
  await rows.row('event chat_archived: on another device', async () => {
    await heard.during(() => mine.ask('chat_set', { chat: anna.id, archive: true }), 'chat_archived', (chat, now) =>
      chat.id._serialized === anna.id && now === true);
    await heard.during(() => mine.ask('chat_set', { chat: anna.id, archive: false }), 'chat_archived', (_, now) => now === false);
  });
  await rows.row('event unread_count: read on another device', async () => {
    await heard.during(() => anna.send(me.number, { type: 'text', text: { body: 'Who reads this?' } }), 'unread_count', (chat) =>
      chat.id._serialized === anna.id && chat.unreadCount > 0);
    await heard.during(() => mine.tell('seen', { id: anna.id }), 'unread_count', (chat) =>
      chat.id._serialized === anna.id && chat.unreadCount === 0);
    same((await client.getChatById(anna.id)).unreadCount, 0);
  });
}
