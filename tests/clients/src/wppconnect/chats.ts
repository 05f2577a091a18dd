/** Chats: what is asked of them, and what is set on them. The other device of the account has to hear of each. */

import { expect, later, same, until, type Rows } from '../rows';
import { idsOf } from '../world';
import { bareId } from './messages';
import type { Stage } from './session';

const idOf = (chat: any): string => String(chat?.id?._serialized ?? chat?.id);

export async function chats(rows: Rows, stage: Stage): Promise<void> {
  rows.area('Chats');
  const { client, anna } = stage;
  const has = (chats: any[]): void => {
    expect(chats.some((chat) => idOf(chat) === anna.id), `${chats.length} chats, and not Anna's`);
  };
  await rows.row('listChats', async () => has(await client.listChats()));
  await rows.row('getAllChats', async () => has(await client.getAllChats()));
  await rows.row('getAllChatsWithMessages', async () => has(await client.getAllChatsWithMessages()));
  await rows.row('getAllBroadcastList', async () => same(await client.getAllBroadcastList(), []));
  await rows.row('getChatById', async () => same(idOf(await client.getChatById(anna.id)), anna.id));
  await rows.row('getChat', async () => same(idOf(await client.getChat(anna.id)), anna.id));
  await kept(rows, stage);
  await endings(rows, stage);
}

async function kept(rows: Rows, stage: Stage): Promise<void> {
  const { client, ben, mine } = stage;
  const ids = later(async () => {
    await client.sendText(ben.id, 'Hello Ben', { createChat: true });
    return idsOf(ben);
  });
  const set = (call: string, act: () => unknown, fits: (frame: any) => unknown) => rows.row(call, async () => {
    const known = await ids();
    await mine.heard.during(act, 'chat_set', (frame) => known.includes(frame.chat) && fits(frame));
  });
  await set('archiveChat: put away', () => client.archiveChat(ben.id, true), (frame) => frame.archive === true);
  await until('the chat to be archived', async () =>
    (await client.listChats({ onlyArchived: true })).some((chat) => idOf(chat) === ben.id)).catch(() => undefined);
  await set('archiveChat: taken back', () => client.archiveChat(ben.id, false), (frame) => frame.archive === false);
  await set('pinChat: to the top', () => client.pinChat(ben.id, true), (frame) => frame.pin > 0);
  await set('pinChat: no more', () => client.pinChat(ben.id, false), (frame) => frame.pin === 0);
  await set('sendMute', () => client.sendMute(ben.id, 8, 'hours'), (frame) => frame.muteExpiration > 0);
  await rows.row('getListMutes', async () => {
    expect(JSON.stringify(await client.getListMutes()).includes(ben.number), 'Ben is not among them');
  });
  await set('markUnseenMessage', () => client.markUnseenMessage(ben.id), (frame) => frame.markedUnread === true);
}

async function endings(rows: Rows, stage: Stage): Promise<void> {
  const { client, ben, mine, me } = stage;
  const known = await idsOf(ben);
  const told = (act: () => unknown, fits: (frame: any) => unknown) =>
    mine.heard.during(act, 'chat_set', (frame) => known.includes(frame.chat) && fits(frame));
  await rows.row('clearChat', async () => {
    await told(() => client.clearChat(ben.id, false), (frame) => frame.clear);
    same((await mine.chat(ben.id))?.['msgs'] ?? [], []);
    expect((await ben.messages(me.number)).length > 0, 'Ben has lost his messages, too');
  });
  await rows.row('deleteChat', async () => {
    await told(() => client.deleteChat(ben.id), (frame) => frame.remove);
    same(await mine.chat(ben.id), undefined);
  });
}

/** What is open, and the settings of the page. */
export async function windows(rows: Rows, { client, heard, anna, me }: Stage): Promise<void> {
  rows.area('The page itself');
  await rows.row('openChat', async () => {
    await client.openChat(anna.id);
    same(idOf(await client.getActiveChat()), anna.id);
  });
  await rows.row('getActiveChat', async () => same(idOf(await client.getActiveChat()), anna.id));
  await rows.row('openChatAt', async () => {
    await client.closeChat();
    const id = await anna.send(me.number, { type: 'text', text: { body: 'Here' } });
    const [message] = await heard.first('onMessage', (message) => bareId(message.id) === id);
    await client.openChatAt(anna.id, message.id);
    same(idOf(await client.getActiveChat()), anna.id);
  });
  await rows.row('closeChat', async () => {
    await client.closeChat();
    expect(!(await client.getActiveChat()), 'a chat is still open');
  });
  await rows.row('onInterfaceChange', () => heard.first('onInterfaceChange'));
  await rows.row('getAutoDownloadSettings', async () => {
    same(Object.keys(await client.getAutoDownloadSettings()).sort(), ['audio', 'documents', 'photos', 'videos']);
  });
  await rows.row('onBackendEvent', async () => {
    await heard.during(() => client.page.evaluate(() => {
      (globalThis as any).WPP.whatsapp.BackendEventBus.trigger('set_socket_state', 'CONNECTED');
    }), 'onBackendEvent', (name) => name === 'set_socket_state');
  });
}

/** The settings of the page, which loads anew when one of them was changed. */
export async function settings(rows: Rows, { client }: Stage): Promise<void> {
  const reloaded = async (change: Promise<unknown>): Promise<void> => {
    const loaded = client.page.waitForNavigation({ waitUntil: 'load', timeout: 4_000 });
    // The answer may be lost with the page.
    await Promise.all([loaded, change.catch(() => undefined)]);
    await until('the page to be back', () => client.page.evaluate(() => (globalThis as any).WPP?.isFullReady).catch(() => false));
  };
  await rows.row('setAutoDownloadSettings', async () => {
    await reloaded(client.setAutoDownloadSettings({ videos: false, photos: true }));
    const { videos, photos } = await client.getAutoDownloadSettings();
    same([videos, photos], [false, true]);
  });
  await rows.row('setTheme', async () => {
    await reloaded(client.setTheme('dark' as any));
    same(String(await client.getTheme()), 'dark');
  });
  await rows.row('getTheme', async () => same(String(await client.getTheme()), 'dark'));
}
