/** Text, acknowledgements, and what comes in. */

import { expect, later, same, until, type Rows } from '../rows';
import { FILES, arrived, readBy } from '../world';
import type { Stage } from './session';

export async function messages(rows: Rows, stage: Stage): Promise<void> {
  rows.area('Text and acks');
  await sending(rows, stage);
  await receiving(rows, stage);
  await asking(rows, stage);
}

async function sending(rows: Rows, stage: Stage): Promise<void> {
  const { client, heard, sandbox, anna, me } = stage;
  const sent = await rows.row('sendText', async () => {
    const { id } = await client.sendText(anna.id, 'Hello Anna', { createChat: true });
    const bare = bareId(id);
    const delivery = await sandbox.delivered(bare);
    expect(delivery.body === 'Hello Anna' && delivery.to === anna.number, JSON.stringify(delivery));
    return bare;
  });
  await rows.row('onNewChat', () => heard.first('onNewChat'));
  const acked = (ack: number) => heard.first('onAck', (event) => event.ack === ack && bareId(event.id) === sent);
  await rows.row('onAck: 1, on the server', () => acked(1));
  await rows.row('onAck: 2, on the phone', () => acked(2));
  await rows.row('onAck: 3, read', async () => {
    await anna.do('read', { from: me.number });
    await acked(3);
  });
  await rows.row('onAnyMessage: own', () => heard.first('onAnyMessage', (message) => bareId(message.id) === sent));
  await rows.row('sendMentioned', async () => {
    const { id } = await client.sendMentioned(anna.id, `Hi @${anna.number}`, [anna.number]);
    same((await arrived(stage, bareId(id))).mentionedJidList, [anna.id]);
  });
  await rows.row('sendLinkPreview', async () => {
    const { id } = await client.sendLinkPreview(anna.id, 'https://shop.example/tea', 'Tea');
    const raw = await arrived(stage, bareId(id));
    expect(raw.matchedText === 'https://shop.example/tea' && raw.title, JSON.stringify(raw));
  });
  await rows.row('sendMessageWithThumb', async () => {
    const { id } = await client.sendMessageWithThumb(FILES.jpeg.path, 'https://shop.example/tea', 'Tea', 'Of all kinds', anna.id);
    const { title, description, thumbnail } = await arrived(stage, bareId(id));
    same([title, description, thumbnail], ['Tea', 'Of all kinds', FILES.jpeg.base64]);
  });
  await rows.row('reply', async () => {
    const asked = await anna.send(me.number, { type: 'text', text: { body: 'How much is it?' } });
    const [question] = await heard.first('onMessage', (message) => bareId(message.id) === asked);
    const { id } = await client.reply(anna.id, 'Ten', question.id);
    same((await arrived(stage, bareId(id))).quotedStanzaID, asked);
  });
  await rows.row('sendMessageOptions', async () => {
    const { id } = await client.sendMessageOptions(anna.id, 'With options');
    same((await sandbox.delivered(bareId(id))).body, 'With options');
  });
}

async function receiving(rows: Rows, { client, heard, anna, me }: Stage): Promise<void> {
  await rows.row('onMessage: text', async () => {
    const id = await anna.send(me.number, { type: 'text', text: { body: 'Hello Maria' } });
    const [message] = await heard.first('onMessage', (message) => bareId(message.id) === id);
    expect(message.body === 'Hello Maria' && message.from === anna.id, `${message.from}: ${message.body}`);
  });
  for (const call of ['getAllUnreadMessages', 'getAllNewMessages'] as const) {
    await rows.row(call, async () => {
      const found: any[] = await client[call]();
      expect(found.some((message) => message.body === 'Hello Maria'), `found ${found.length}, and not this one`);
    });
  }
  await rows.row('getUnreadMessages', async () => {
    const chats: any[] = await client.getUnreadMessages(false, false, true);
    expect(chats.some((chat) => chat.messages?.some((message: any) => message.body === 'Hello Maria')), `${chats.length} chats`);
  });
  await rows.row('sendSeen', async () => {
    const id = await anna.send(me.number, { type: 'text', text: { body: 'Seen?' } });
    await heard.first('onMessage', (message) => bareId(message.id) === id);
    await client.sendSeen(anna.id);
    await readBy(anna, me, id);
  });
}

async function asking(rows: Rows, { client, heard, anna, me }: Stage): Promise<void> {
  const text = 'Kumquats are fine';
  const received = later(async () => {
    const id = await anna.send(me.number, { type: 'text', text: { body: text } });
    return (await heard.first('onMessage', (message) => bareId(message.id) === id))[0].id as string;
  });
  await rows.row('getMessageById', async () => same((await client.getMessageById(await received())).body, text));
  await rows.row('getMessages', async () => {
    await received();
    const found = await client.getMessages(anna.id, { count: 20 });
    expect(found.some((message) => message.body === text), `found ${found.length}, and not the latest`);
  });
  const lists = {
    getAllMessagesInChat: () => client.getAllMessagesInChat(anna.id, true, false),
    loadAndGetAllMessagesInChat: () => client.loadAndGetAllMessagesInChat(anna.id, true, false),
  };
  for (const [call, ask] of Object.entries(lists)) {
    await rows.row(call, async () => {
      const found = await ask();
      expect(found.some((message) => message.body === text), `found ${found.length}, and not the latest`);
    });
  }
  await rows.row('getPlatformFromMessage', async () => {
    await until('a platform', async () => typeof (await client.getPlatformFromMessage(await received())) === 'string');
  });
}

/** The WhatsApp id in a message's key, which comes as an object or printed. */
export function bareId(key: any): string {
  const text = String(key?._serialized ?? key);
  return text.includes('_') ? (text.split('_')[2] ?? text) : text;
}
