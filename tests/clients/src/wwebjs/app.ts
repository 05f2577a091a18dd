/** The page itself: its windows, its settings, its connection. */

import type { WAState } from 'whatsapp-web.js';
import { expect, same, until, type Rows } from '../rows';
import type { Stage } from './session';

export async function app(rows: Rows, stage: Stage): Promise<void> {
  rows.area('The page itself');
  await windows(rows, stage);
  await settings(rows, stage);
  const { client, heard } = stage;
  await rows.row('resetState', async () => {
    const [state] = await heard.during(() => client.resetState(), 'change_state', (state: WAState) => state !== 'CONNECTED');
    await until('the connection to be back', async () => (await client.getState()) === 'CONNECTED');
    expect(state, 'no other state between');
  });
  await rows.row('event change_state', () => heard.first('change_state', (state: WAState) => state === 'CONNECTED'));
}

async function windows(rows: Rows, { client, anna }: Stage): Promise<void> {
  const controller: any = client.interface;
  const open = async (): Promise<string> => (await client.pupPage?.evaluate(() => {
    const { Chat } = (window as any).require('WAWebCollections');
    return Chat.getModelsArray().find((chat: any) => chat.active)?.id.toString() ?? '';
  })) ?? '';
  await rows.row('interface.openChatWindow', async () => {
    await controller.openChatWindow(anna.id);
    same(await open(), anna.id);
  });
  await rows.row('interface.openChatWindowAt', async () => {
    const [message] = await (await client.getChatById(anna.id)).fetchMessages({ limit: 1 });
    await controller.openChatWindowAt(message?.id._serialized);
    same(await open(), anna.id);
  });
  /** What the drawer at the right is about, as a person would read it. */
  const drawer = (about: string | null) => until(`the drawer ${about}`, async () => (await client.pupPage?.evaluate(() => {
    const shown = [...document.querySelectorAll<HTMLElement>('.drawer')].find((node) => !node.hidden);
    return shown?.querySelector('header b')?.textContent ?? null;
  })) === about);
  for (const [call, about] of [['openChatDrawer', 'About this chat'], ['openChatSearch', 'Search messages']] as const) {
    await rows.row(`interface.${call}`, async () => {
      await controller[call](anna.id);
      await drawer(about);
    });
  }
  await rows.row('interface.openMessageDrawer', async () => {
    const [message] = await (await client.getChatById(anna.id)).fetchMessages({ limit: 1, fromMe: true });
    await controller.openMessageDrawer(message?.id._serialized);
    await drawer('About this message');
  });
  await rows.row('interface.closeRightDrawer', async () => {
    await controller.closeRightDrawer();
    await drawer(null);
  });
}

async function settings(rows: Rows, { client }: Stage): Promise<void> {
  const general = (name: string): Promise<unknown> | undefined => client.pupPage?.evaluate((name) =>
    (window as any).require('WAWebUserPrefsGeneral')[name](), name);
  for (const kind of ['Audio', 'Documents', 'Photos', 'Videos'] as const) {
    await rows.row(`setAutoDownload${kind}`, async () => {
      for (const flag of [false, true]) {
        await client[`setAutoDownload${kind}`](flag);
        same(await general(`getAutoDownload${kind}`), flag);
      }
    });
  }
  await rows.row('setBackgroundSync', async () => {
    same(await client.setBackgroundSync(true), true);
    same(await client.setBackgroundSync(false), false);
  });
}
