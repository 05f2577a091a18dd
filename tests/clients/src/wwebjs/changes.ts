/** What happens to a message after it was sent: reactions, edits, deletion, stars, pins, and being passed on. */

import type { Message } from 'whatsapp-web.js';
import { expect, later, same, until, type Rows } from '../rows';
import type { Stage } from './session';

export async function changes(rows: Rows, stage: Stage): Promise<void> {
  rows.area('Reactions, edits, deletion');
  const { client, heard, anna } = stage;
  const sent = async (text: string): Promise<Message> => {
    const message = await client.sendMessage(anna.id, text);
    await heard.first('message_ack', (acked, ack) => ack === 2 && acked.id.id === message.id.id);
    return message;
  };
  await reactions(rows, stage, sent);
  await edits(rows, stage, sent);
  await deletion(rows, stage, sent);
  await marks(rows, stage, sent);
}

type Sent = (text: string) => Promise<Message>;

async function received({ anna, me, heard }: Stage, body: string): Promise<Message> {
  const id = await anna.send(me.number, { type: 'text', text: { body } });
  return (await heard.first('message', (message) => message.id.id === id))[0];
}

async function reactions(rows: Rows, stage: Stage, sent: Sent): Promise<void> {
  const { client, heard, anna, me } = stage;
  const theirs = later(() => received(stage, 'React to this'));
  const seen = async (emoji: string | undefined) => anna.has(me.number, (await theirs()).id.id, `with the reaction ${emoji}`, (message) =>
    message.reactions.find((reaction: any) => reaction.by === me.number)?.emoji === emoji);
  await rows.row('Message.react', async () => {
    await (await theirs()).react('👍');
    await seen('👍');
  });
  await rows.row('sendReaction', async () => {
    await client.sendReaction((await theirs()).id._serialized, '🎉');
    await seen('🎉');
  });
  await rows.row('Message.react: none any more', async () => {
    await (await theirs()).react('');
    await seen(undefined);
  });
  const asking = later(() => sent('Say what you think'));
  await rows.row('event message_reaction', async () => {
    const mine = await asking();
    await anna.do('react', { to: me.number, wa_message_id: mine.id.id, emoji: '❤️' });
    const [reaction] = await heard.first('message_reaction', (reaction) => reaction.msgId.id === mine.id.id);
    same([reaction.reaction, reaction.senderId], ['❤️', anna.id]);
  });
  await rows.row('Message.getReactions', async () => {
    const [list] = (await (await (await asking()).reload()).getReactions()) ?? [];
    same([list?.id, list?.senders[0]?.senderId], ['❤️', anna.id]);
  });
  await rows.row('event message_reaction: none any more', async () => {
    const mine = await asking();
    await anna.do('react', { to: me.number, wa_message_id: mine.id.id, emoji: '' });
    await heard.first('message_reaction', (reaction) => reaction.msgId.id === mine.id.id && reaction.reaction === '');
  });
}

async function edits(rows: Rows, stage: Stage, sent: Sent): Promise<void> {
  const { heard, sandbox, anna, me } = stage;
  await rows.row('Message.edit', async () => {
    const mine = await sent('Ten euro');
    await mine.edit('Nine euro');
    await sandbox.deliveredAs(mine.id.id, 'edited', (delivery) => delivery.body === 'Nine euro' && delivery['edited_at']);
    await anna.has(me.number, mine.id.id, 'as edited', (message) => message.body === 'Nine euro');
  });
  await rows.row('event message_edit', async () => {
    const theirs = await received(stage, 'I come at ten');
    await anna.do('edit', { to: me.number, wa_message_id: theirs.id.id, text: 'I come at nine' });
    const [, now, before] = await heard.first('message_edit', (message) => message.id.id === theirs.id.id);
    same([now, before], ['I come at nine', 'I come at ten']);
  });
}

async function deletion(rows: Rows, stage: Stage, sent: Sent): Promise<void> {
  const { heard, sandbox, anna, me, mine: device } = stage;
  await rows.row('Message.delete: for everyone', async () => {
    const message = await sent('Never mind');
    await message.delete(true);
    await sandbox.deliveredAs(message.id.id, 'taken back', (delivery) => delivery['revoked']);
    await anna.has(me.number, message.id.id, 'as taken back', (message) => message.revoked);
  });
  await rows.row('event message_revoke_everyone', async () => {
    const theirs = await received(stage, 'Oops');
    await anna.do('revoke', { to: me.number, wa_message_id: theirs.id.id });
    const [message] = await heard.first('message_revoke_everyone', (message) =>
      [message.id.id, message.protocolMessageKey?.id].includes(theirs.id.id));
    same(message.type, 'revoked');
  });
  const gone = await rows.row('Message.delete: for me', async () => {
    const message = await sent('Only I forget this');
    await message.delete(false);
    await device.heard.first('forgotten', (frame) => frame.ids.includes(message.id.id));
    await anna.has(me.number, message.id.id, 'still', (message) => !message.revoked);
    return message;
  });
  await rows.row('event message_revoke_me', () => heard.first('message_revoke_me', (message) => message.id.id === gone?.id.id));
}

async function marks(rows: Rows, stage: Stage, sent: Sent): Promise<void> {
  const { client, sandbox, anna, ben, mine: device } = stage;
  const remembered = later(() => sent('Remember this'));
  for (const [call, star] of [['star', true], ['unstar', false]] as const) {
    await rows.row(`Message.${call}`, async () => {
      const message = await remembered();
      await device.heard.during(() => message[call](), 'starred', (frame) =>
        frame.star === star && frame.ids.includes(message.id.id));
    });
  }
  await rows.row('Message.forward', async () => {
    await (await remembered()).forward(ben.id);
    const delivery = await until('the message at Ben\'s', async () => (await sandbox.deliveries({ phone: ben.number }))
      .find((delivery) => delivery.to === ben.number && delivery.body === 'Remember this'));
    await ben.has(stage.me.number, delivery.wa_message_id, 'as passed on', (message) => message.forwarded);
  });
  await rows.row('Message.pin', async () => {
    expect((await (await remembered()).pin(86_400)) === true, 'it says that it failed');
  });
  await rows.row('getPinnedMessages', async () => {
    same((await client.getPinnedMessages(anna.id)).map((message) => message?.id.id), [(await remembered()).id.id]);
  });
  await rows.row('Chat.getPinnedMessages', async () => {
    const chat = await client.getChatById(anna.id);
    same((await chat.getPinnedMessages()).map((message) => message?.id.id), [(await remembered()).id.id]);
  });
  await rows.row('Message.unpin', async () => {
    expect((await (await remembered()).unpin()) === true, 'it says that it failed');
  });
}
