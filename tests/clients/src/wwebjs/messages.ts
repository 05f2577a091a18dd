/** Text, acknowledgements, and what comes in. */

import { expect, until, type Rows } from '../rows';
import type { Stage } from './session';

export async function messages(rows: Rows, stage: Stage): Promise<void> {
  rows.area('Messages');
  const { client, heard, sandbox, anna, me } = stage;
  const sent = await rows.row('sendMessage: text', async () => {
    const message = await client.sendMessage(anna.id, 'Hello Anna');
    const delivery = await sandbox.delivered(message.id.id);
    expect(delivery.body === 'Hello Anna' && delivery.to === anna.number, JSON.stringify(delivery));
    return message;
  });
  const acked = (ack: number) =>
    heard.first('message_ack', (message, value) => value === ack && message.id.id === sent?.id.id);
  await rows.row('event message_ack: 1, on the server', () => acked(1));
  await rows.row('event message_ack: 2, on the phone', () => acked(2));
  await rows.row('event message_ack: 3, read', async () => {
    await anna.do('read', { from: me.number });
    await acked(3);
  });
  await rows.row('event message_create: own', () =>
    heard.first('message_create', (message) => message.id.id === sent?.id.id));
  await rows.row('event message: text', async () => {
    const id = await anna.send(me.number, { type: 'text', text: { body: 'Hello Maria' } });
    const [message] = await heard.first('message', (message) => message.id.id === id);
    expect(message.body === 'Hello Maria' && message.from === anna.id, `${message.from}: ${message.body}`);
    await heard.first('unread_count', (chat) => chat.id._serialized === anna.id && chat.unreadCount > 0);
  });
  await rows.row('sendSeen', async () => {
    await client.sendSeen(anna.id);
    await until('Anna to see that her message was read', async () => {
      const chat = (await anna.chats()).find((chat) => chat.peer === me.number);
      return chat?.messages.some((message: any) => message.from_me && message.ack === 3);
    });
  });
}
