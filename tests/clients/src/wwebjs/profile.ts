/** What others see of us: name, about, picture, presence; and status posts. */

import wwebjs from 'whatsapp-web.js';
import { expect, later, same, until, type Rows } from '../rows';
import { FILES, carried, idsOf, outgoing } from '../world';
import type { Stage } from './session';

export async function profile(rows: Rows, { client, sandbox, me }: Stage): Promise<void> {
  rows.area('Profile');
  await rows.row('setStatus', async () => {
    await client.setStatus('Selling tea');
    same((await me.show()).about, 'Selling tea');
  });
  await rows.row('setDisplayName', async () => {
    same(await client.setDisplayName('Maria of the tea shop'), true);
    same((await me.show()).name, 'Maria of the tea shop');
  });
  await rows.row('setProfilePicture', async () => {
    const { mimetype, base64 } = FILES.jpeg;
    same(await client.setProfilePicture(new wwebjs.MessageMedia(mimetype, base64)), true);
    expect((await sandbox.media((await me.show()).picture)).length > 0, 'no picture');
  });
  await rows.row('deleteProfilePicture', async () => {
    same(await client.deleteProfilePicture(), true);
    same((await me.show()).picture, null);
  });
}

/** What Anna's other device is told of me. */
export async function presence(rows: Rows, { client, anna, me, annas }: Stage): Promise<void> {
  rows.area('Presence');
  const ids = await idsOf(me);
  for (const id of ids) annas.tell('presence_sub', { id });
  const seen = (act: () => unknown, fits: (frame: any) => unknown) =>
    annas.heard.during(act, 'presence', (frame) => ids.includes(frame.id) && fits(frame));
  await rows.row('sendPresenceUnavailable', async () => {
    await client.sendPresenceAvailable();
    await seen(() => client.sendPresenceUnavailable(), (frame) => !frame.online);
  });
  await rows.row('sendPresenceAvailable', async () => {
    await seen(() => client.sendPresenceAvailable(), (frame) => frame.online);
  });
  const chat = later(() => client.getChatById(anna.id));
  await rows.row('Chat.sendStateTyping', async () => {
    await seen(async () => (await chat()).sendStateTyping(), (frame) => frame.state === 'composing');
  });
  await rows.row('Chat.clearState', async () => {
    await seen(async () => (await chat()).clearState(), (frame) => frame.state === 'paused');
  });
  await rows.row('Chat.sendStateRecording', async () => {
    await seen(async () => (await chat()).sendStateRecording(), (frame) => frame.state === 'recording');
  });
}

const STATUS = 'status@broadcast';

export async function posts(rows: Rows, stage: Stage): Promise<void> {
  rows.area('Status posts');
  const { client, heard, sandbox, anna } = stage;
  const mine = await rows.row('sendMessage: status post, text', async () => {
    // The client answers with a message of its own making, and posts another one.
    const [message] = await heard.during(() => client.sendMessage(STATUS, 'Fresh tea today'), 'message_create', (message) =>
      message.body === 'Fresh tea today');
    same((await sandbox.delivered(message.id.id)).to, STATUS);
    await anna.has(STATUS, message.id.id, 'as a status post');
    return message;
  });
  await rows.row('sendMessage: status post, image', async () => {
    const { mimetype, base64 } = FILES.jpeg;
    const message = await client.sendMessage(STATUS, new wwebjs.MessageMedia(mimetype, base64), { caption: 'Tea' });
    same((await carried(stage, message.id.id, 'image')).to, STATUS);
  });
  await rows.row('revokeStatusMessage', async () => {
    await client.revokeStatusMessage(mine?.id._serialized ?? '');
    await sandbox.deliveredAs(mine?.id.id ?? '', 'taken back', (delivery) => delivery['revoked']);
  });
  await rows.row('event message: status post', async () => {
    const id = await anna.send(STATUS, { type: 'text', text: { body: 'On holiday' } });
    const [message] = await heard.first('message', (message) => message.id.id === id);
    same([message.isStatus, message.author, message.body], [true, anna.id, 'On holiday']);
  });
  await rows.row('event message: status post, image', async () => {
    const id = await anna.send(STATUS, outgoing('image', FILES.jpeg, { caption: 'The sea' }));
    const [message] = await heard.first('message', (message) => message.id.id === id);
    same([message.isStatus, message.hasMedia], [true, true]);
  });
  const broadcast = await rows.row('getBroadcasts', async () =>
    until('Anna\'s posts', async () => (await client.getBroadcasts())
      .find((broadcast) => broadcast.id._serialized === anna.id && broadcast.msgs.length === 2)));
  await rows.row('getBroadcastById', async () => same((await client.getBroadcastById(anna.id)).totalCount, 2));
  await rows.row('Contact.getBroadcast', async () => {
    same((await (await client.getContactById(anna.id)).getBroadcast()).totalCount, 2);
  });
  await rows.row('Broadcast.getContact', async () => same((await broadcast?.getContact())?.pushname, anna.name));
  await rows.row('Broadcast.getChat', async () => same((await broadcast?.getChat())?.id._serialized, anna.id));
}
