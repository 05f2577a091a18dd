/** What others see of us: name, about, picture, presence; and status posts. */

import { expect, later, same, until, type Rows } from '../rows';
import { FILES, carried, idsOf, outgoing } from '../world';
import { bareId } from './messages';
import type { Stage } from './session';

export async function profile(rows: Rows, { session, sandbox, me }: Stage): Promise<void> {
  rows.area('Profile');
  await rows.row('profile.setMyStatus', async () => {
    await session.call('profile.setMyStatus', 'Selling tea');
    same((await me.show()).about, 'Selling tea');
  });
  await rows.row('profile.getMyStatus', async () => same(await session.call('profile.getMyStatus'), 'Selling tea'));
  await rows.row('profile.setMyProfileName', async () => {
    await session.call('profile.setMyProfileName', 'Maria of the tea shop');
    same((await me.show()).name, 'Maria of the tea shop');
  });
  await rows.row('profile.getMyProfileName', async () => {
    same(await session.call('profile.getMyProfileName'), 'Maria of the tea shop');
  });
  await rows.row('profile.setMyProfilePicture', async () => {
    await session.call('profile.setMyProfilePicture', FILES.jpeg.url);
    expect((await sandbox.media((await me.show()).picture)).length > 0, 'no picture');
  });
  await rows.row('profile.getMyProfilePicture', async () => {
    const { picture } = await me.show();
    await until('the picture', async () => JSON.stringify(await session.call('profile.getMyProfilePicture')).includes(picture));
  });
  await rows.row('profile.removeMyProfilePicture', async () => {
    await session.call('profile.removeMyProfilePicture');
    same((await me.show()).picture, null);
  });
  await rows.row('profile.isBusiness', async () => same(Boolean(await session.call('profile.isBusiness')), false));
}

export async function presence(rows: Rows, stage: Stage): Promise<void> {
  rows.area('Presence');
  const { session, heard, anna, me, annas } = stage;
  const ids = await idsOf(me);
  for (const id of ids) annas.tell('presence_sub', { id });
  /** What Anna's other device is told of me. */
  const seen = (call: string, args: unknown[], fits: (frame: any) => unknown) => rows.row(call, async () => {
    await annas.heard.during(() => session.call(call, ...args), 'presence', (frame) => ids.includes(frame.id) && fits(frame));
  });
  await session.call('conn.markAvailable', true).catch(() => undefined);
  await seen('conn.markUnavailable', [], (frame) => !frame.online);
  await seen('conn.markAvailable', [true], (frame) => frame.online);
  await seen('chat.markIsComposing', [anna.id], (frame) => frame.state === 'composing');
  await seen('chat.markIsPaused', [anna.id], (frame) => frame.state === 'paused');
  await seen('chat.markIsRecording', [anna.id], (frame) => frame.state === 'recording');
  await rows.row('contact.subscribePresence', async () => {
    await anna.do('offline');
    await session.call('contact.subscribePresence', anna.id);
    await heard.during(() => anna.do('online'), 'chat.presence_change', (event) => event.id === anna.id && event.isOnline);
  });
  await rows.row('event chat.presence_change', async () => {
    await heard.during(() => anna.do('typing', { to: me.number }), 'chat.presence_change', (event) =>
      event.id === anna.id && event.state === 'composing');
  });
  await rows.row('chat.getLastSeen', async () => {
    await anna.do('offline');
    await until('the time', async () => Number(await session.call('chat.getLastSeen', anna.id)) > 1_000_000);
    await anna.do('online');
  });
  await rows.row('contact.unsubscribePresence', async () => {
    same((await session.call('contact.unsubscribePresence', anna.id)).length, 1);
  });
}

const STATUS = 'status@broadcast';

export async function posts(rows: Rows, stage: Stage): Promise<void> {
  rows.area('Status posts');
  const { session, sandbox, anna } = stage;
  const posted = async (call: string, content: string, options = {}): Promise<string> => {
    const { id } = await session.call(call, content, options);
    same((await sandbox.delivered(bareId(id))).to, STATUS);
    return id;
  };
  const mine = later(() => posted('status.sendTextStatus', 'Fresh tea today', { backgroundColor: '#075e54', font: 2 }));
  await rows.row('status.sendTextStatus', async () => {
    await anna.has(STATUS, bareId(await mine()), 'as a status post');
  });
  await rows.row('status.sendImageStatus', async () => {
    const id = await posted('status.sendImageStatus', FILES.jpeg.url, { caption: 'Tea' });
    await carried(stage, bareId(id), 'image');
  });
  await rows.row('status.sendVideoStatus', async () => {
    const id = await posted('status.sendVideoStatus', FILES.mp4.url);
    await carried(stage, bareId(id), 'video', FILES.mp4.bytes);
  });
  await rows.row('status.sendRawStatus', async () => {
    const { id } = await session.call('status.sendRawStatus', { type: 'chat', body: 'Raw' }, {});
    same((await sandbox.delivered(bareId(id))).to, STATUS);
  });
  await rows.row('status.getMyStatus', async () => {
    const found = await session.ask('WPP.status.getMyStatus().then((mine) => mine.getAllMsgs().map((message) => message.id))');
    expect(found.includes(await mine()), `${found.length} posts, and not this one`);
  });
  await rows.row('status.updateParticipants', async () => {
    await session.call('status.updateParticipants', [anna.id]);
    await posted('status.sendTextStatus', 'For Anna');
  });
  await rows.row('status.remove', async () => {
    await session.call('status.remove', await mine());
    await sandbox.deliveredAs(bareId(await mine()), 'taken back', (delivery) => delivery['revoked']);
  });
  await received(rows, stage);
}

async function received(rows: Rows, { session, heard, anna, me }: Stage): Promise<void> {
  const theirs = later(async () => {
    const id = await anna.send(STATUS, { type: 'text', text: { body: 'On holiday' } });
    return (await heard.first('chat.new_message', (message) => bareId(message.id) === id))[0];
  });
  await rows.row('event chat.new_message: status post', async () => {
    const { author, body } = await theirs();
    same([author, body], [anna.id, 'On holiday']);
  });
  await rows.row('event chat.new_message: status post, image', async () => {
    const id = await anna.send(STATUS, outgoing('image', FILES.jpeg, { caption: 'The sea' }));
    const [message] = await heard.first('chat.new_message', (message) => bareId(message.id) === id);
    same(message.type, 'image');
  });
  await rows.row('event status.sync', () => heard.first('status.sync'));
  await rows.row('status.get', async () => same((await session.call('status.get', anna.id)).id, anna.id));
  await rows.row('status.sendReadStatus', async () => {
    await session.call('status.sendReadStatus', anna.id, (await theirs()).id);
    await anna.has(STATUS, bareId((await theirs()).id), 'as seen by Maria', (message) =>
      message.receipts.some((receipt: any) => receipt.phone === me.number && receipt.ack >= 3));
  });
}
