/** What happens to a message after it was sent: reactions, edits, deletion, stars, pins, and being passed on. */

import { expect, later, same, until, type Rows } from '../rows';
import { bareId } from './messages';
import type { Stage } from './session';

export async function changes(rows: Rows, stage: Stage): Promise<void> {
  rows.area('Reactions, edits, deletion');
  await reactions(rows, stage);
  await edits(rows, stage);
  await deletion(rows, stage);
  await marks(rows, stage);
}

/** The key of a new message of ours to Anna. */
async function sent({ session, sandbox, anna }: Stage, text: string): Promise<string> {
  const { id } = await session.call('chat.sendTextMessage', anna.id, text);
  await sandbox.arrived(bareId(id));
  return id;
}

/** The key of a new message of Anna's to us. */
async function received({ anna, me, heard }: Stage, body: string): Promise<string> {
  const id = await anna.send(me.number, { type: 'text', text: { body } });
  return (await heard.first('chat.new_message', (message) => bareId(message.id) === id))[0].id;
}

async function reactions(rows: Rows, stage: Stage): Promise<void> {
  const { session, heard, anna, me } = stage;
  const theirs = later(() => received(stage, 'React to this'));
  const seen = async (emoji: string | undefined) => anna.has(me.number, bareId(await theirs()), `with the reaction ${emoji}`, (message) =>
    message.reactions.find((reaction: any) => reaction.by === me.number)?.emoji === emoji);
  await rows.row('chat.sendReactionToMessage', async () => {
    await session.call('chat.sendReactionToMessage', await theirs(), '👍');
    await seen('👍');
  });
  await rows.row('chat.sendReactionToMessage: none any more', async () => {
    await session.call('chat.sendReactionToMessage', await theirs(), false);
    await seen(undefined);
  });
  const mine = later(() => sent(stage, 'Say what you think'));
  const reacted = async (emoji: string) => {
    const id = bareId(await mine());
    await anna.do('react', { to: me.number, wa_message_id: id, emoji });
    const [reaction] = await heard.first('chat.new_reaction', (reaction) =>
      bareId(reaction.msgId) === id && reaction.reactionText === emoji);
    same(reaction.sender, anna.id);
  };
  await rows.row('event chat.new_reaction', () => reacted('❤️'));
  await rows.row('chat.getReactions', async () => {
    const { reactions } = await session.call('chat.getReactions', await mine());
    same(reactions.map(({ aggregateEmoji, senders }: any) => [aggregateEmoji, senders.length]), [['❤️', 1]]);
  });
  await rows.row('event chat.new_reaction: none any more', () => reacted(''));
}

async function edits(rows: Rows, stage: Stage): Promise<void> {
  const { session, heard, sandbox, anna, me } = stage;
  await rows.row('chat.editMessage', async () => {
    const key = await sent(stage, 'Ten euro');
    await session.call('chat.editMessage', key, 'Nine euro');
    await sandbox.deliveredAs(bareId(key), 'edited', (delivery) => delivery.body === 'Nine euro' && delivery['edited_at']);
    await anna.has(me.number, bareId(key), 'as edited', (message) => message.body === 'Nine euro');
  });
  await rows.row('event chat.msg_edited', async () => {
    const key = await received(stage, 'I come at ten');
    await anna.do('edit', { to: me.number, wa_message_id: bareId(key), text: 'I come at nine' });
    const [{ msg }] = await heard.first('chat.msg_edited', (event) => bareId(event.msg.id) === bareId(key));
    same(msg.body, 'I come at nine');
  });
}

async function deletion(rows: Rows, stage: Stage): Promise<void> {
  const { session, heard, sandbox, anna, me, mine } = stage;
  await rows.row('chat.deleteMessage: for everyone', async () => {
    const key = await sent(stage, 'Never mind');
    await session.call('chat.deleteMessage', anna.id, key, true, true);
    await sandbox.deliveredAs(bareId(key), 'taken back', (delivery) => delivery['revoked']);
    await anna.has(me.number, bareId(key), 'as taken back', (message) => message.revoked);
  });
  await rows.row('event chat.msg_revoke', async () => {
    const key = await received(stage, 'Oops');
    await anna.do('revoke', { to: me.number, wa_message_id: bareId(key) });
    const [event] = await heard.first('chat.msg_revoke', (event) => bareId(event.refId) === bareId(key));
    same(event.from, anna.id);
  });
  await rows.row('chat.deleteMessage: for me', async () => {
    const key = await sent(stage, 'Only I forget this');
    await session.call('chat.deleteMessage', anna.id, key, true, false);
    await mine.heard.first('forgotten', (frame) => frame.ids.includes(bareId(key)));
    await anna.has(me.number, bareId(key), 'still', (message) => !message.revoked);
  });
}

async function marks(rows: Rows, stage: Stage): Promise<void> {
  const { session, sandbox, ben, me, mine } = stage;
  const key = later(() => sent(stage, 'Remember this'));
  for (const star of [true, false]) {
    await rows.row(`chat.starMessage: ${star ? 'with' : 'without'} a star`, async () => {
      const id = await key();
      await mine.heard.during(() => session.call('chat.starMessage', id, star), 'starred', (frame) =>
        frame.star === star && frame.ids.includes(bareId(id)));
    });
  }
  for (const [call, id] of [['chat.forwardMessage', false], ['chat.forwardMessages', true]] as const) {
    await rows.row(call, async () => {
      const text = `Pass this on by ${call}`;
      const own = await sent(stage, text);
      await session.call(call, ben.id, id ? [own] : own);
      const delivery = await until('the message at Ben\'s', async () => (await sandbox.deliveries({ phone: ben.number }))
        .find((delivery) => delivery.to === ben.number && delivery.body === text));
      await ben.has(me.number, delivery.wa_message_id, 'as passed on', (message) => message.forwarded);
    });
  }
  await rows.row('chat.pinMsg', async () => {
    expect((await session.call('chat.pinMsg', await key(), true)).pinned, 'it is not pinned');
  });
  await rows.row('chat.unpinMsg', async () => {
    expect(!(await session.call('chat.unpinMsg', await key())).pinned, 'it is still pinned');
  });
}
