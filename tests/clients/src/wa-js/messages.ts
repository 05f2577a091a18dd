/** Text, acknowledgements, and what comes in. */

import { expect, until, type Rows } from '../rows';
import type { Stage } from './session';

export async function messages(rows: Rows, { session, heard, sandbox, anna, me }: Stage): Promise<void> {
  rows.area('Messages');
  const sent = await rows.row('chat.sendTextMessage', async () => {
    const answer = await session.ask("WPP.chat.sendTextMessage(a, 'Hello Anna', { createChat: true })", anna.id);
    const id = bareId(answer.id);
    const delivery = await sandbox.delivered(id);
    expect(delivery.body === 'Hello Anna' && delivery.to === anna.number, JSON.stringify(delivery));
    return id;
  });
  await rows.row('event chat.new_message: own', () =>
    heard.first('chat.new_message', (message) => bareId(message.id) === sent));
  const acked = (ack: number) => heard.first('chat.msg_ack_change', (event) =>
    event.ack === ack && event.ids.some((key: string) => bareId(key) === sent));
  await rows.row('event chat.msg_ack_change: 1, on the server', () => acked(1));
  await rows.row('event chat.msg_ack_change: 2, on the phone', () => acked(2));
  await rows.row('event chat.msg_ack_change: 3, read', async () => {
    await anna.do('read', { from: me.number });
    await acked(3);
  });
  await rows.row('event chat.new_message: text', async () => {
    const id = await anna.send(me.number, { type: 'text', text: { body: 'Hello Maria' } });
    const [message] = await heard.first('chat.new_message', (message) => bareId(message.id) === id);
    expect(message.body === 'Hello Maria' && message.from === anna.id, `${message.from}: ${message.body}`);
  });
  await rows.row('event chat.unread_count_changed', () => heard.first('chat.unread_count_changed'));
  await rows.row('chat.markIsRead', async () => {
    await session.ask('WPP.chat.markIsRead(a)', anna.id);
    await until('Anna to see that her message was read', async () => {
      const chat = (await anna.chats()).find((chat) => chat.peer === me.number);
      return chat?.messages.some((message: any) => message.from_me && message.ack === 3);
    });
  });
}

/** The WhatsApp id in the printed key of a message. */
export function bareId(key: string): string {
  return key.split('_')[2] ?? key;
}
