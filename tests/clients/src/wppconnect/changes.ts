/** What happens to a message after it was sent: reactions, edits, deletion, stars, and being passed on. */

import { later, same, until, type Rows } from '../rows';
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
async function sent({ client, sandbox, anna }: Stage, text: string): Promise<string> {
  const { id } = await client.sendText(anna.id, text);
  await sandbox.arrived(bareId(id));
  return String((id as any)._serialized ?? id);
}

/** The key of a new message of Anna's to us. */
async function received({ anna, me, heard }: Stage, body: string): Promise<string> {
  const id = await anna.send(me.number, { type: 'text', text: { body } });
  return (await heard.first('onMessage', (message) => bareId(message.id) === id))[0].id;
}

async function reactions(rows: Rows, stage: Stage): Promise<void> {
  const { client, heard, anna, me } = stage;
  const theirs = later(() => received(stage, 'React to this'));
  const seen = async (emoji: string | undefined) => anna.has(me.number, bareId(await theirs()), `with the reaction ${emoji}`, (message) =>
    message.reactions.find((reaction: any) => reaction.by === me.number)?.emoji === emoji);
  await rows.row('sendReactionToMessage', async () => {
    await client.sendReactionToMessage(await theirs(), '👍');
    await seen('👍');
  });
  await rows.row('sendReactionToMessage: none any more', async () => {
    await client.sendReactionToMessage(await theirs(), false);
    await seen(undefined);
  });
  const mine = later(() => sent(stage, 'Say what you think'));
  const reacted = async (emoji: string) => {
    const id = bareId(await mine());
    await anna.do('react', { to: me.number, wa_message_id: id, emoji });
    await heard.first('onReactionMessage', (reaction) => bareId(reaction.msgId) === id && reaction.reactionText === emoji);
  };
  await rows.row('onReactionMessage', () => reacted('❤️'));
  await rows.row('getReactions', async () => {
    const { reactions } = await client.getReactions(await mine());
    same(reactions.map(({ aggregateEmoji, senders }) => [aggregateEmoji, senders.length]), [['❤️', 1]]);
  });
  await rows.row('onReactionMessage: none any more', () => reacted(''));
}

async function edits(rows: Rows, stage: Stage): Promise<void> {
  const { client, heard, sandbox, anna, me } = stage;
  await rows.row('editMessage', async () => {
    const key = await sent(stage, 'Ten euro');
    await client.editMessage(key, 'Nine euro');
    await sandbox.deliveredAs(bareId(key), 'edited', (delivery) => delivery.body === 'Nine euro' && delivery['edited_at']);
    await anna.has(me.number, bareId(key), 'as edited', (message) => message.body === 'Nine euro');
  });
  await rows.row('onMessageEdit', async () => {
    const key = await received(stage, 'I come at ten');
    await anna.do('edit', { to: me.number, wa_message_id: bareId(key), text: 'I come at nine' });
    const [{ msg }] = await heard.first('onMessageEdit', (event) => bareId(event.msg.id) === bareId(key));
    same(msg.body, 'I come at nine');
  });
}

async function deletion(rows: Rows, stage: Stage): Promise<void> {
  const { client, heard, sandbox, anna, me, mine } = stage;
  await rows.row('deleteMessage: for everyone', async () => {
    const key = await sent(stage, 'Never mind');
    await client.deleteMessage(anna.id, key, false);
    await sandbox.deliveredAs(bareId(key), 'taken back', (delivery) => delivery['revoked']);
    await anna.has(me.number, bareId(key), 'as taken back', (message) => message.revoked);
  });
  await rows.row('onRevokedMessage', async () => {
    const key = await received(stage, 'Oops');
    await anna.do('revoke', { to: me.number, wa_message_id: bareId(key) });
    await heard.first('onRevokedMessage', (event) => bareId(event.refId) === bareId(key));
  });
  await rows.row('deleteMessage: for me', async () => {
    const key = await sent(stage, 'Only I forget this');
    await client.deleteMessage(anna.id, key, true);
    await mine.heard.first('forgotten', (frame) => frame.ids.includes(bareId(key)));
    await anna.has(me.number, bareId(key), 'still', (message) => !message.revoked);
  });
}

async function marks(rows: Rows, stage: Stage): Promise<void> {
  const { client, sandbox, ben, me, mine } = stage;
  const key = later(() => sent(stage, 'Remember this'));
  for (const star of [true, false]) {
    await rows.row(`starMessage: ${star ? 'with' : 'without'} a star`, async () => {
      const id = await key();
      await mine.heard.during(() => client.starMessage(id, star), 'starred', (frame) =>
        frame.star === star && frame.ids.includes(bareId(id)));
    });
  }
  for (const call of ['forwardMessage', 'forwardMessagesV2'] as const) {
    await rows.row(call, async () => {
      const text = `Pass this on by ${call}`;
      const own = await sent(stage, text);
      if (call === 'forwardMessage') await client.forwardMessage(ben.id, own);
      else await client.forwardMessagesV2(ben.id, [own]);
      const delivery = await until('the message at Ben\'s', async () => (await sandbox.deliveries({ phone: ben.number }))
        .find((delivery) => delivery.to === ben.number && delivery.body === text));
      await ben.has(me.number, delivery.wa_message_id, 'as passed on', (message) => message.forwarded);
    });
  }
}
