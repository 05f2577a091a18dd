import type { Rows } from '../rows';
import type { People, Sandbox } from '../sandbox';
import { leave, world } from '../world';
import { changes } from './changes';
import { chats, settings, windows } from './chats';
import { contacts } from './contacts';
import { content } from './content';
import { devices } from './devices';
import { groups } from './groups';
import * as linking from './linking';
import { media } from './media';
import { messages } from './messages';
import { posts, presence, profile } from './profile';
import type { Stage } from './session';
import { SURFACE } from './surface';

/** All rows of wppconnect. */
export async function run(rows: Rows, sandbox: Sandbox, people: People): Promise<string[]> {
  const { me } = people;
  const session = await linking.link(rows, sandbox, me);
  const stage: Stage = { ...(await world(sandbox, people)), client: await session.ready, heard: session.heard };
  for (const area of [messages, media, content, changes, chats, contacts, groups, profile, presence, posts, devices, windows, settings]) {
    await area(rows, stage);
  }
  await leave(stage);
  const again = await linking.restart(rows, sandbox, people, session);
  await linking.logouts(rows, me, again);
  return rows.account(SURFACE);
}
