/** Chats: what is asked of them, and what is set on them. The other device of the account has to hear of each. */

import { expect, later, same, until, type Rows } from '../rows';
import { idsOf } from '../world';
import { bareId } from './messages';
import type { Stage } from './session';

export async function chats(rows: Rows, stage: Stage): Promise<void> {
  rows.area('Chats');
  const { session, anna } = stage;
  await rows.row('chat.get', async () => same((await session.call('chat.get', anna.id)).id, anna.id));
  await rows.row('chat.find', async () => {
    const chat = await session.call('chat.find', stage.cleo.id);
    expect((await idsOf(stage.cleo)).includes(chat.id), `it is ${chat.id}`);
  });
  await rows.row('chat.list', async () => {
    const chats = await session.call('chat.list', {});
    expect(chats.some((chat: any) => chat.id === anna.id), `${chats.length} chats, and not Anna's`);
  });
  await rows.row('chat.list: only people', async () => {
    const chats = await session.call('chat.list', { onlyUsers: true, count: 1 });
    same(chats.length, 1);
  });
  await kept(rows, stage);
  await endings(rows, stage);
}

async function kept(rows: Rows, stage: Stage): Promise<void> {
  const { session, ben, mine } = stage;
  const ids = later(async () => {
    await session.call('chat.sendTextMessage', ben.id, 'Hello Ben', { createChat: true });
    return idsOf(ben);
  });
  const set = (call: string, args: unknown[], fits: (frame: any) => unknown) => rows.row(call, async () => {
    const known = await ids();
    await mine.heard.during(() => session.call(call.split(':')[0] ?? call, ben.id, ...args), 'chat_set', (frame) =>
      known.includes(frame.chat) && fits(frame));
  });
  await set('chat.archive', [], (frame) => frame.archive === true);
  await rows.row('chat.list: only archived', async () => {
    await until('Ben alone among them', async () => {
      const archived = await session.call('chat.list', { onlyArchived: true });
      return archived.length === 1 && archived[0].id === ben.id;
    });
  });
  await set('chat.unarchive', [], (frame) => frame.archive === false);
  await set('chat.pin', [], (frame) => frame.pin > 0);
  await set('chat.unpin', [], (frame) => frame.pin === 0);
  await rows.row('chat.canMute', async () => same(await session.call('chat.canMute', ben.id), true));
  const expiration = Math.floor(Date.now() / 1000) + 86_400;
  await set('chat.mute', [{ expiration }], (frame) => frame.muteExpiration === expiration);
  await set('chat.unmute', [], (frame) => frame.muteExpiration === 0);
  await set('chat.markIsUnread', [], (frame) => frame.markedUnread === true);
  await rows.row('chat.list: only unread', async () => {
    const unread = await session.call('chat.list', { onlyWithUnreadMessage: true });
    expect(unread.some((chat: any) => chat.id === ben.id), `${unread.length} chats, and not Ben's`);
  });
}

async function endings(rows: Rows, stage: Stage): Promise<void> {
  const { session, ben, mine, me } = stage;
  const known = await idsOf(ben);
  const told = (act: () => unknown, fits: (frame: any) => unknown) =>
    mine.heard.during(act, 'chat_set', (frame) => known.includes(frame.chat) && fits(frame));
  await rows.row('chat.clear', async () => {
    await told(() => session.call('chat.clear', ben.id, false), (frame) => frame.clear);
    same((await mine.chat(ben.id))?.['msgs'] ?? [], []);
    expect((await ben.messages(me.number)).length > 0, 'Ben has lost his messages, too');
  });
  await rows.row('chat.delete', async () => {
    await told(() => session.call('chat.delete', ben.id), (frame) => frame.remove);
    same(await mine.chat(ben.id), undefined);
  });
}

/** What is open, and how the list of chats is filtered. */
export async function windows(rows: Rows, { session, heard, anna, me }: Stage): Promise<void> {
  rows.area('The page itself');
  const active = () => session.ask('WPP.chat.getActiveChat()?.id');
  const opened = (call: string, ...args: unknown[]) => rows.row(`chat.${call}`, async () => {
    await session.call('chat.closeChat');
    expect((await session.call(`chat.${call}`, anna.id, ...args)) !== false, 'it says that it failed');
    same(await active(), anna.id);
  });
  await opened('openChatBottom');
  await rows.row('chat.getActiveChat', async () => same((await session.call('chat.getActiveChat')).id, anna.id));
  await rows.row('event chat.active_chat', () => heard.first('chat.active_chat', (chat) => chat?.id === anna.id));
  await opened('openChatFromUnread');
  await rows.row('chat.openChatAt', async () => {
    const id = await anna.send(me.number, { type: 'text', text: { body: 'Here' } });
    const [message] = await heard.first('chat.new_message', (message) => bareId(message.id) === id);
    await session.call('chat.openChatAt', anna.id, message.id);
    same(await active(), anna.id);
  });
  await rows.row('chat.closeChat', async () => {
    await session.call('chat.closeChat');
    same(await active(), null);
  });
  await rows.row('chat.setInputText', async () => {
    same((await session.call('chat.setInputText', 'A draft', anna.id)).text, 'A draft');
  });
  await rows.row('chat.setChatList', async () => same((await session.call('chat.setChatList', 'unread')).type, 'unread'));
  await rows.row('event chat.active_filter', () => heard.first('chat.active_filter', (filter) => filter.kind === 'unread'));
  await rows.row('conn.getAutoDownloadSettings', async () => {
    same(Object.keys(await session.call('conn.getAutoDownloadSettings')).sort(), ['audio', 'documents', 'photos', 'videos']);
  });
}

/** The settings of the page. wa-js loads the page anew when it has changed one. */
export async function settings(rows: Rows, { session }: Stage): Promise<void> {
  const reloaded = async (change: Promise<unknown>): Promise<void> => {
    const loaded = session.page.waitForNavigation({ waitUntil: 'load', timeout: 4_000 });
    // The answer may be lost with the page.
    await Promise.all([loaded, change.catch(() => undefined)]);
    await session.untilReady();
  };
  await rows.row('conn.setAutoDownloadSettings', async () => {
    await reloaded(session.call('conn.setAutoDownloadSettings', { videos: false, photos: true }));
    const { videos, photos } = await session.call('conn.getAutoDownloadSettings');
    same([videos, photos], [false, true]);
  });
  await rows.row('conn.setTheme', async () => {
    await reloaded(session.call('conn.setTheme', 'dark'));
    same(await session.call('conn.getTheme'), 'dark');
  });
  await rows.row('conn.getTheme', async () => same(await session.call('conn.getTheme'), 'dark'));
}
