/** What another device of the same account does, as wa-js tells it. */

import { same, until, type Rows } from '../rows';
import { bareId } from './messages';
import type { Stage } from './session';

export async function devices(rows: Rows, { session, heard, anna, me, mine }: Stage): Promise<void> {
  rows.area('Several devices');
  await rows.row('event chat.new_message: sent on another device', async () => {
    const id = await mine.send(anna.id, 'From my other page');
    const [message] = await heard.first('chat.new_message', (message) => bareId(message.id) === id);
    same([message.to, message.body], [anna.id, 'From my other page']);
  });
  await rows.row('event chat.msg_ack_change: of what another device sent', async () => {
    const id = await mine.send(anna.id, 'Read this');
    await heard.first('chat.new_message', (message) => bareId(message.id) === id);
    await anna.do('read', { from: me.number });
    await heard.first('chat.msg_ack_change', (event) => event.ack === 3 && event.ids.some((key: string) => bareId(key) === id));
  });
  await rows.row('chat.list: archived on another device', async () => {
    const archived = async () => (await session.call('chat.list', { onlyArchived: true })).map((chat: any) => chat.id);
    await mine.ask('chat_set', { chat: anna.id, archive: true });
    await until('the chat among the archived', async () => (await archived()).includes(anna.id));
    await mine.ask('chat_set', { chat: anna.id, archive: false });
    await until('no archived chat', async () => !(await archived()).includes(anna.id));
  });
  await rows.row('event chat.unread_count_changed: read on another device', async () => {
    await heard.during(() => anna.send(me.number, { type: 'text', text: { body: 'Who reads this?' } }), 'chat.unread_count_changed',
      (event) => event.chat.id === anna.id && event.unreadCount > 0);
    await heard.during(() => mine.tell('seen', { id: anna.id }), 'chat.unread_count_changed', (event) =>
      event.chat.id === anna.id && event.unreadCount === 0);
  });
}
