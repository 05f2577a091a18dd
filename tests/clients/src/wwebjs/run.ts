import type { Rows } from '../rows';
import type { Sandbox } from '../sandbox';
import * as linking from './linking';
import { messages } from './messages';
import type { Stage } from './session';

/** All rows of whatsapp-web.js. */
export async function run(rows: Rows, sandbox: Sandbox): Promise<void> {
  const me = await sandbox.phone('5511987650001', 'Maria');
  const anna = await sandbox.phone('5511987650002', 'Anna');
  const ben = await sandbox.phone('5511987650003', 'Ben');
  const session = await linking.link(rows, sandbox, me);
  const stage: Stage = { sandbox, session, client: session.client, heard: session.heard, me, anna, ben };
  await messages(rows, stage);
  const again = await linking.restart(rows, sandbox, me, session);
  await linking.unlinkFromPhone(rows, sandbox, me, again);
  await linking.logout(rows, sandbox, me);
}
