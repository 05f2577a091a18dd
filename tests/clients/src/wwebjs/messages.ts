/** Text, acknowledgements, and what comes in. */

import { expect, later, same, type Rows } from '../rows';
import { arrived, readBy } from '../world';
import type { Stage } from './session';

export async function messages(rows: Rows, stage: Stage): Promise<void> {
  rows.area('Text and acks');
  await sending(rows, stage);
  await receiving(rows, stage);
  await asking(rows, stage);
}

async function sending(rows: Rows, { client, heard, sandbox, anna, me, ...world }: Stage): Promise<void> {
  const all = { ...world, sandbox, anna, me };
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
  await rows.row('sendMessage: with a mention', async () => {
    const message = await client.sendMessage(anna.id, `Hi @${anna.number}`, { mentions: [anna.id] });
    same((await arrived(all, message.id.id)).mentionedJidList, [anna.id]);
  });
  await rows.row('sendMessage: with a link preview', async () => {
    const message = await client.sendMessage(anna.id, 'See https://shop.example/tea');
    const raw = await arrived(all, message.id.id);
    expect(raw.matchedText === 'https://shop.example/tea' && raw.title, JSON.stringify(raw));
  });
  await rows.row('sendMessage: as a reply', async () => {
    const asked = await anna.send(me.number, { type: 'text', text: { body: 'How much is it?' } });
    const [question] = await heard.first('message', (message) => message.id.id === asked);
    const message = await client.sendMessage(anna.id, 'Ten', { quotedMessageId: question.id._serialized });
    same((await arrived(all, message.id.id)).quotedStanzaID, asked);
  });
  await rows.row('sendMessage: waiting for the server', async () => {
    const message = await client.sendMessage(anna.id, 'At last', { waitUntilMsgSent: true });
    await sandbox.delivered(message.id.id);
  });
  await rows.row('Chat.sendMessage', async () => {
    const chat = await client.getChatById(anna.id);
    const message = await chat.sendMessage('From the chat');
    same((await sandbox.delivered(message.id.id)).body, 'From the chat');
  });
}

async function receiving(rows: Rows, { client, heard, anna, me }: Stage): Promise<void> {
  const received = await rows.row('event message: text', async () => {
    const id = await anna.send(me.number, { type: 'text', text: { body: 'Hello Maria' } });
    const [message] = await heard.first('message', (message) => message.id.id === id);
    expect(message.body === 'Hello Maria' && message.from === anna.id, `${message.from}: ${message.body}`);
    return message;
  });
  await rows.row('event unread_count', () =>
    heard.first('unread_count', (chat) => chat.id._serialized === anna.id && chat.unreadCount > 0));
  await rows.row('sendSeen', async () => {
    const id = await anna.send(me.number, { type: 'text', text: { body: 'Seen?' } });
    await heard.first('message', (message) => message.id.id === id);
    await client.sendSeen(anna.id);
    await readBy(anna, me, id);
  });
  await rows.row('Chat.sendSeen', async () => {
    const id = await anna.send(me.number, { type: 'text', text: { body: 'Seen, too?' } });
    await heard.first('message', (message) => message.id.id === id);
    await (await client.getChatById(anna.id)).sendSeen();
    await readBy(anna, me, id);
  });
  await rows.row('event message: with a mention', async () => {
    const id = await anna.send(me.number, { type: 'text', text: { body: `@${me.number} look` }, mentions: [me.number] });
    const [message] = await heard.first('message', (message) => message.id.id === id);
    same(message.mentionedIds.map((wid: any) => wid._serialized ?? wid), [me.id]);
  });
  await rows.row('Message.reply', async () => {
    const answer = await received.reply('Hello again');
    await anna.has(me.number, answer.id.id, 'as a reply', (message) => message.quoted?.wa_message_id === received.id.id);
  });
}

async function asking(rows: Rows, { client, heard, sandbox, anna, me }: Stage): Promise<void> {
  const text = `@${me.number} an old one about kumquats`;
  const first = later(async () => {
    const message = await client.sendMessage(anna.id, 'What about kumquats?');
    await sandbox.arrived(message.id.id);
    return message;
  });
  const received = later(async () => {
    const context = { message_id: (await first()).id.id };
    const id = await anna.send(me.number, { type: 'text', text: { body: text }, context, mentions: [me.number] });
    return (await heard.first('message', (message) => message.id.id === id))[0];
  });
  await rows.row('getMessageById', async () => {
    same((await client.getMessageById((await received()).id._serialized)).body, text);
  });
  await rows.row('Message.reload', async () => same((await (await received()).reload()).body, text));
  await rows.row('Message.getChat', async () => same((await (await received()).getChat()).id._serialized, anna.id));
  await rows.row('Message.getContact', async () => same((await (await received()).getContact()).pushname, anna.name));
  await rows.row('Message.getQuotedMessage', async () => {
    const message = await received();
    expect(message.hasQuotedMsg, 'it quotes nothing');
    same((await message.getQuotedMessage()).id.id, (await first()).id.id);
  });
  await rows.row('Message.getMentions', async () => {
    const mentioned = await (await received()).getMentions();
    same(mentioned.map((contact: any) => contact.id._serialized), [me.id]);
  });
  await rows.row('Message.getInfo', async () => {
    const { id } = await first();
    await anna.do('read', { from: me.number });
    await heard.first('message_ack', (acked, ack) => ack === 3 && acked.id.id === id.id);
    const info = await (await first()).getInfo();
    expect(info && info.readRemaining === 0 && info.read.length === 1, JSON.stringify(info));
  });
  await rows.row('searchMessages', async () => {
    const { id } = await received();
    const found = await client.searchMessages('kumquats', { chatId: anna.id, page: 1, limit: 10 });
    expect(found.some((other) => other.id.id === id.id), `found ${found.length}, and not this one`);
  });
}
