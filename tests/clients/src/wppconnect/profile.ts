/** What others see of us: name, about, picture, presence; and status posts. */

import { ChatState } from '@wppconnect-team/wppconnect';
import { expect, later, same, until, type Rows } from '../rows';
import { FILES, carried, idsOf } from '../world';
import { bareId } from './messages';
import type { Stage } from './session';

export async function profile(rows: Rows, { client, sandbox, me }: Stage): Promise<void> {
  rows.area('Profile');
  await rows.row('setProfileStatus', async () => {
    await client.setProfileStatus('Selling tea');
    await until('the about text', async () => (await me.show()).about === 'Selling tea');
  });
  await rows.row('getProfileStatus', async () => same(await client.getProfileStatus(), 'Selling tea'));
  await rows.row('setProfileName', async () => {
    await client.setProfileName('Maria of the tea shop');
    same((await me.show()).name, 'Maria of the tea shop');
  });
  await rows.row('getProfileName', async () => same(await client.getProfileName(), 'Maria of the tea shop'));
  await rows.row('setProfilePic', async () => {
    await client.setProfilePic(FILES.jpeg.path);
    expect((await sandbox.media((await me.show()).picture)).length > 0, 'no picture');
  });
  await rows.row('removeMyProfilePicture', async () => {
    await client.removeMyProfilePicture();
    same((await me.show()).picture, null);
  });
}

export async function presence(rows: Rows, stage: Stage): Promise<void> {
  rows.area('Presence');
  const { client, heard, anna, me, annas } = stage;
  const ids = await idsOf(me);
  for (const id of ids) annas.tell('presence_sub', { id });
  /** What Anna's other device is told of me. */
  const seen = (call: string, act: () => unknown, fits: (frame: any) => unknown) => rows.row(call, async () => {
    await annas.heard.during(act, 'presence', (frame) => ids.includes(frame.id) && fits(frame));
  });
  await client.setOnlinePresence(true).catch(() => undefined);
  await seen('setOnlinePresence: away', () => client.setOnlinePresence(false), (frame) => !frame.online);
  await seen('setOnlinePresence: here', () => client.setOnlinePresence(true), (frame) => frame.online);
  await seen('startTyping', () => client.startTyping(anna.id), (frame) => frame.state === 'composing');
  await seen('stopTyping', () => client.stopTyping(anna.id), (frame) => frame.state === 'paused');
  await seen('startRecording', () => client.startRecording(anna.id), (frame) => frame.state === 'recording');
  await seen('stopRecording', () => client.stopRecording(anna.id), (frame) => frame.state === 'paused');
  await client.startRecording(anna.id).catch(() => undefined);
  await seen('stopRecoring', () => client.stopRecoring(anna.id), (frame) => frame.state === 'paused');
  await seen('setChatState', () => client.setChatState(anna.id, ChatState.Typing), (frame) => frame.state === 'composing');
  await rows.row('subscribePresence', async () => {
    await anna.do('offline');
    await client.subscribePresence(anna.id);
    await heard.during(() => anna.do('online'), 'onPresenceChanged', (event) => event.id === anna.id && event.isOnline);
  });
  await rows.row('onPresenceChanged', async () => {
    await heard.during(() => anna.do('typing', { to: me.number }), 'onPresenceChanged', (event) =>
      event.id === anna.id && event.state === 'composing');
  });
  await rows.row('getChatIsOnline', async () => same(await client.getChatIsOnline(anna.id), true));
  await rows.row('getLastSeen', async () => {
    await anna.do('offline');
    await until('the time', async () => Number(await client.getLastSeen(anna.id)) > 1_000_000);
    await anna.do('online');
  });
  await rows.row('unsubscribePresence', async () => same(await client.unsubscribePresence(anna.id), 1));
}

const STATUS = 'status@broadcast';

export async function posts(rows: Rows, stage: Stage): Promise<void> {
  rows.area('Status posts');
  const { client, heard, sandbox, anna, me } = stage;
  /** The calls answer before anything is sent. */
  const posted = (type: string, from: number) => until('the post', async () =>
    (await sandbox.deliveries({ phone: me.number })).filter((delivery) => delivery.to === STATUS).slice(from)
      .find((delivery) => delivery.type === type));
  const before = async (): Promise<number> =>
    (await sandbox.deliveries({ phone: me.number })).filter((delivery) => delivery.to === STATUS).length;
  await rows.row('sendTextStatus', async () => {
    const from = await before();
    await client.sendTextStatus('Fresh tea today', { backgroundColor: '#075e54', font: 2 });
    await anna.has(STATUS, (await posted('text', from)).wa_message_id, 'as a status post');
  });
  await rows.row('sendImageStatus', async () => {
    const from = await before();
    await client.sendImageStatus(FILES.jpeg.path, { caption: 'Tea' });
    await carried(stage, (await posted('image', from)).wa_message_id, 'image');
  });
  await rows.row('sendVideoStatus', async () => {
    const from = await before();
    await client.sendVideoStatus(FILES.mp4.path);
    await carried(stage, (await posted('video', from)).wa_message_id, 'video', FILES.mp4.bytes);
  });
  const theirs = later(async () => {
    const id = await anna.send(STATUS, { type: 'text', text: { body: 'On holiday' } });
    return (await heard.first('onAnyMessage', (message) => bareId(message.id) === id))[0];
  });
  await rows.row('onAnyMessage: status post', async () => same((await theirs()).body, 'On holiday'));
  await rows.row('sendReadStatus', async () => {
    const id = String((await theirs()).id);
    await client.sendReadStatus(anna.id, id);
    await anna.has(STATUS, bareId(id), 'as seen by Maria', (message) =>
      message.receipts.some((receipt: any) => receipt.phone === me.number && receipt.ack >= 3));
  });
}
