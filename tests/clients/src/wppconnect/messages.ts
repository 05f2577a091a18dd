/** Text, acknowledgements, and what comes in. */

import { expect, until, type Rows } from '../rows';
import type { Stage } from './session';

export async function messages(rows: Rows, { client, heard, sandbox, anna, me }: Stage): Promise<void> {
  rows.area('Messages');
  const sent = await rows.row('sendText', async () => {
    const { id } = await client.sendText(anna.id, 'Hello Anna');
    const bare = bareId(id);
    const delivery = await sandbox.delivered(bare);
    expect(delivery.body === 'Hello Anna' && delivery.to === anna.number, JSON.stringify(delivery));
    return bare;
  });
  const acked = (ack: number) =>
    heard.first('onAck', (event) => event.ack === ack && bareId(event.id) === sent);
  await rows.row('onAck: 1, on the server', () => acked(1));
  await rows.row('onAck: 2, on the phone', () => acked(2));
  await rows.row('onAck: 3, read', async () => {
    await anna.do('read', { from: me.number });
    await acked(3);
  });
  await rows.row('onAnyMessage: own', () => heard.first('onAnyMessage', (message) => bareId(message.id) === sent));
  await rows.row('onMessage: text', async () => {
    const id = await anna.send(me.number, { type: 'text', text: { body: 'Hello Maria' } });
    const [message] = await heard.first('onMessage', (message) => bareId(message.id) === id);
    expect(message.body === 'Hello Maria' && message.from === anna.id, `${message.from}: ${message.body}`);
  });
  await rows.row('sendSeen', async () => {
    await client.sendSeen(anna.id);
    await until('Anna to see that her message was read', async () => {
      const chat = (await anna.chats()).find((chat) => chat.peer === me.number);
      return chat?.messages.some((message: any) => message.from_me && message.ack === 3);
    });
  });
}

/** The WhatsApp id in a message's key, which comes as an object or printed. */
export function bareId(key: any): string {
  const text = String(key?._serialized ?? key);
  return text.includes('_') ? (text.split('_')[2] ?? text) : text;
}
