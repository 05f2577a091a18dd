/** Text, acknowledgements, and what comes in. */

import { expect, later, same, until, type Rows } from '../rows';
import { arrived, readBy } from '../world';
import type { Stage } from './session';

export async function messages(rows: Rows, stage: Stage): Promise<void> {
  rows.area('Text and acks');
  await sending(rows, stage);
  await receiving(rows, stage);
  await asking(rows, stage);
}

async function sending(rows: Rows, stage: Stage): Promise<void> {
  const { session, heard, sandbox, anna, me } = stage;
  const text = (body: string, options = {}) => session.call('chat.sendTextMessage', anna.id, body, options);
  const sent = await rows.row('chat.sendTextMessage', async () => {
    const answer = await text('Hello Anna', { createChat: true });
    const id = bareId(answer.id);
    const delivery = await sandbox.delivered(id);
    expect(delivery.body === 'Hello Anna' && delivery.to === anna.number, JSON.stringify(delivery));
    return id;
  });
  await rows.row('event chat.new_chat', () => heard.first('chat.new_chat', (chat) => chat.id === anna.id));
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
  await rows.row('chat.sendTextMessage: under an id of one\'s own', async () => {
    const key = await session.call('chat.generateMessageID', anna.id);
    same((await text('My own id', { messageId: key })).id, key);
    await sandbox.delivered(bareId(key));
  });
  await rows.row('chat.generateMessageID', async () => {
    const key = await session.call('chat.generateMessageID', anna.id);
    expect(key.startsWith(`true_${anna.id}_`), `it is ${key}`);
  });
  await rows.row('chat.sendTextMessage: with a mention', async () => {
    const answer = await text(`Hi @${anna.number}`, { mentionedList: [anna.id] });
    same((await arrived(stage, bareId(answer.id))).mentionedJidList, [anna.id]);
  });
  await rows.row('chat.sendTextMessage: with a link preview', async () => {
    const linkPreview = { title: 'Tea', description: 'Of all kinds', canonicalUrl: 'https://shop.example/tea', matchedText: 'https://shop.example/tea' };
    const answer = await text('See https://shop.example/tea', { linkPreview });
    const { title, description, matchedText } = await arrived(stage, bareId(answer.id));
    same([title, description, matchedText], ['Tea', 'Of all kinds', 'https://shop.example/tea']);
  });
  await rows.row('chat.prepareLinkPreview', async () => {
    const message = { type: 'chat', body: 'See https://shop.example/coffee' };
    const { matchedText } = await session.call('chat.prepareLinkPreview', message, { linkPreview: true });
    same(matchedText, 'https://shop.example/coffee');
  });
  await rows.row('chat.sendTextMessage: as a reply', async () => {
    const asked = await anna.send(me.number, { type: 'text', text: { body: 'How much is it?' } });
    const [question] = await heard.first('chat.new_message', (message) => bareId(message.id) === asked);
    const answer = await text('Ten', { quotedMsg: question.id });
    same((await arrived(stage, bareId(answer.id))).quotedStanzaID, asked);
  });
  await rows.row('chat.sendRawMessage', async () => {
    const answer = await session.call('chat.sendRawMessage', anna.id, { type: 'chat', body: 'Raw' }, {});
    same((await sandbox.delivered(bareId(answer.id))).body, 'Raw');
  });
  await rows.row('chat.prepareRawMessage', async () => {
    const raw = await session.ask("WPP.chat.prepareRawMessage(WPP.whatsapp.ChatStore.get(a), { type: 'chat', body: 'Made' }, {})", anna.id);
    same([raw.type, raw.body, raw.to], ['chat', 'Made', anna.id]);
  });
}

async function receiving(rows: Rows, { session, heard, anna, me }: Stage): Promise<void> {
  await rows.row('event chat.new_message: text', async () => {
    const id = await anna.send(me.number, { type: 'text', text: { body: 'Hello Maria' } });
    const [message] = await heard.first('chat.new_message', (message) => bareId(message.id) === id);
    expect(message.body === 'Hello Maria' && message.from === anna.id, `${message.from}: ${message.body}`);
  });
  await rows.row('event chat.new_message: with a mention', async () => {
    const id = await anna.send(me.number, { type: 'text', text: { body: `@${me.number} look` }, mentions: [me.number] });
    const [message] = await heard.first('chat.new_message', (message) => bareId(message.id) === id);
    same(message.mentionedJidList, [me.id]);
  });
  await rows.row('event chat.unread_count_changed', () =>
    heard.first('chat.unread_count_changed', (event) => event.chat.id === anna.id && event.unreadCount > 0));
  await rows.row('chat.getUnreadChats', async () => {
    same((await session.call('chat.getUnreadChats')).map((chat: any) => chat.id), [anna.id]);
  });
  await rows.row('chat.markIsRead', async () => {
    const id = await anna.send(me.number, { type: 'text', text: { body: 'Seen?' } });
    await heard.first('chat.new_message', (message) => bareId(message.id) === id);
    await session.call('chat.markIsRead', anna.id);
    await readBy(anna, me, id);
  });
}

async function asking(rows: Rows, { session, heard, sandbox, anna, me }: Stage): Promise<void> {
  const first = later(async () => {
    const { id } = await session.call('chat.sendTextMessage', anna.id, 'What about kumquats?');
    await sandbox.arrived(bareId(id));
    return id as string;
  });
  const received = later(async () => {
    const body = { text: { body: 'Kumquats are fine' }, context: { message_id: bareId(await first()) } };
    const id = await anna.send(me.number, { type: 'text', ...body });
    return (await heard.first('chat.new_message', (message) => bareId(message.id) === id))[0].id as string;
  });
  await rows.row('chat.getMessageById', async () => {
    same((await session.call('chat.getMessageById', await received())).body, 'Kumquats are fine');
  });
  await rows.row('chat.getMessages', async () => {
    const key = await received();
    const found = await session.call('chat.getMessages', anna.id, { count: 20 });
    expect(found.some((message: any) => message.id === key), `found ${found.length}, and not the latest`);
  });
  await rows.row('chat.getMessages: before one', async () => {
    const found = await session.call('chat.getMessages', anna.id, { count: 3, direction: 'before', id: await received() });
    same([found.length, found.some((message: any) => message.body === 'What about kumquats?')], [3, true]);
  });
  await rows.row('chat.getQuotedMsg', async () => same((await session.call('chat.getQuotedMsg', await received())).id, await first()));
  await rows.row('chat.getQuotedMsgKey', async () => {
    const key = await session.ask('WPP.chat.getMessageById(a).then((message) => WPP.chat.getQuotedMsgKey(message))', await received());
    same(key, await first());
  });
  await rows.row('chat.canReply', async () => same(await session.call('chat.canReply', await received()), true));
  await rows.row('chat.getMessageACK', async () => {
    await anna.do('read', { from: me.number });
    await until('the message to be read', async () => {
      const { ack, readRemaining, participants } = await session.call('chat.getMessageACK', await first());
      return ack === 3 && readRemaining === 0 && participants[0]?.readAt;
    });
  });
  await rows.row('chat.getPlatformFromMessage', async () => {
    expect(typeof (await session.call('chat.getPlatformFromMessage', await received())) === 'string', 'no platform');
  });
}

/** The WhatsApp id in the printed key of a message. */
export function bareId(key: string): string {
  return key.split('_')[2] ?? key;
}
