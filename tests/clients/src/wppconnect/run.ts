import type { Rows } from '../rows';
import type { People, Sandbox } from '../sandbox';
import * as linking from './linking';
import { messages } from './messages';
import type { Stage } from './session';

/** All rows of wppconnect. */
export async function run(rows: Rows, sandbox: Sandbox, people: People): Promise<void> {
  const { me, anna, ben } = people;
  const session = await linking.link(rows, sandbox, me);
  const stage: Stage = { sandbox, client: await session.ready, heard: session.heard, me, anna, ben };
  await messages(rows, stage);
  const again = await linking.restart(rows, sandbox, me, session);
  await linking.logouts(rows, me, again);
}
