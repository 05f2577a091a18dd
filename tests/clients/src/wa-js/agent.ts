/** What Zaptor's own agent asks of wa-js beside the calls of the other areas: its stores, ids and functions. */

import { expect, same, type Rows } from '../rows';
import type { Stage } from './session';

export async function agent(rows: Rows, { session, sandbox, anna, me }: Stage): Promise<void> {
  rows.area('What Zaptor\'s agent uses besides');
  await rows.row('whatsapp.functions.getStatus', async () => {
    await sandbox.patch(`/phones/${me.number}`, { about: 'Here I am' });
    const answer = await session.ask('WPP.whatsapp.functions.getStatus(WPP.conn.getMyUserWid())');
    expect(JSON.stringify(answer).includes('Here I am'), JSON.stringify(answer));
  });
  await rows.row('whatsapp.functions.queryWidExists', async () => {
    const { wid } = await session.ask('WPP.whatsapp.functions.queryWidExists(WPP.whatsapp.WidFactory.createWid(a))', anna.id);
    same(wid, anna.id);
  });
  await rows.row('whatsapp.WidFactory', async () => {
    same(await session.ask('[WPP.whatsapp.WidFactory.createWid(a).user, WPP.whatsapp.WidFactory.createWid(a).server]', anna.id), [anna.number, 'c.us']);
  });
  await rows.row('whatsapp.ApiContact', async () => {
    same(await session.ask(`WPP.contact.getPnLidEntry(a).then(({ lid }) =>
      WPP.whatsapp.ApiContact.getPhoneNumber(WPP.whatsapp.WidFactory.createWid(String(lid._serialized ?? lid))))`, anna.id), anna.id);
  });
  await rows.row('whatsapp.ChatStore', async () => {
    same(await session.ask('WPP.whatsapp.ChatStore.get(WPP.whatsapp.WidFactory.createWid(a)).id', anna.id), anna.id);
  });
  await rows.row('whatsapp.MsgStore', async () => {
    expect(await session.ask('WPP.whatsapp.MsgStore.getModelsArray().length > 0'), 'no messages');
  });
  await rows.row('whatsapp.MsgKey', async () => {
    const key = `new WPP.whatsapp.MsgKey({ from: WPP.conn.getMyUserWid(), to: WPP.whatsapp.WidFactory.createWid(a),
      id: '3EB0ZAPTOR', participant: undefined, selfDir: 'out' })`;
    same(await session.ask(`String(${key})`, anna.id), `true_${anna.id}_3EB0ZAPTOR`);
  });
}
