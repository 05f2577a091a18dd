/** What another device of the same account does, as the client hears of it. */

import { same, until, type Rows } from '../rows';
import { bareId } from './messages';
import type { Stage } from './session';

export async function devices(rows: Rows, { client, heard, anna, me, mine }: Stage): Promise<void> {
  rows.area('Several devices');
  const idOf = (chat: any): string => String(chat.id?._serialized ?? chat.id);
  await rows.row('onAnyMessage: sent on another device', async () => {
    const id = await mine.send(anna.id, 'From my other page');
    const [message] = await heard.first('onAnyMessage', (message) => bareId(message.id) === id);
    same([message.fromMe, message.body], [true, 'From my other page']);
  });
  await rows.row('onAck: of what another device sent', async () => {
    const id = await mine.send(anna.id, 'Read this');
    await heard.first('onAnyMessage', (message) => bareId(message.id) === id);
    await anna.do('read', { from: me.number });
    await heard.first('onAck', (event) => event.ack === 3 && bareId(event.id) === id);
  });
  await rows.row('listChats: archived on another device', async () => {
    const archived = async () => (await client.listChats({ onlyArchived: true })).map(idOf);
    await mine.ask('chat_set', { chat: anna.id, archive: true });
    await until('the chat among the archived', async () => (await archived()).includes(anna.id));
    await mine.ask('chat_set', { chat: anna.id, archive: false });
    await until('no archived chat', async () => !(await archived()).includes(anna.id));
  });
}
