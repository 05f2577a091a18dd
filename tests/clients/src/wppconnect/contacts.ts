/** People: who they are, what they show, and who is blocked. */

import { expect, same, until, type Rows } from '../rows';
import { FILES, idsOf } from '../world';
import type { Stage } from './session';

const idOf = (wid: any): string => String(wid?._serialized ?? wid);

export async function contacts(rows: Rows, stage: Stage): Promise<void> {
  rows.area('Contacts');
  const { client, sandbox, anna } = stage;
  await rows.row('getContact', async () => {
    const contact = await client.getContact(anna.id);
    same([idOf(contact.id), contact.pushname], [anna.id, anna.name]);
  });
  await rows.row('getAllContacts', async () => {
    const contacts = await client.getAllContacts();
    expect(contacts.some((contact) => idOf(contact.id) === anna.id), `${contacts.length}, and not Anna`);
  });
  for (const call of ['checkNumberStatus', 'getNumberProfile'] as const) {
    await rows.row(call, async () => {
      const found = await client[call](anna.id);
      same([idOf(found.id), found.numberExists], [anna.id, true]);
    });
  }
  await rows.row('checkNumberStatus: of nobody', async () => {
    const found: any = await client.checkNumberStatus('12@c.us').catch((answer) => answer);
    same(found.numberExists, false);
  });
  await rows.row('getPnLidEntry', async () => {
    const { lid, phoneNumber } = await client.getPnLidEntry(anna.id);
    expect((await idsOf(anna)).includes(idOf(lid)), JSON.stringify(lid));
    same(idOf(phoneNumber), anna.id);
  });
  await rows.row('getStatus', async () => {
    await sandbox.patch(`/phones/${anna.number}`, { about: 'Out for tea' });
    same((await client.getStatus(anna.id)).status, 'Out for tea');
  });
  await rows.row('getProfilePicFromServer', async () => {
    const { media } = await sandbox.upload(FILES.jpeg.bytes, FILES.jpeg.mimetype);
    await sandbox.patch(`/phones/${anna.number}`, { picture: media });
    await until('the picture', async () => JSON.stringify(await client.getProfilePicFromServer(anna.id)).includes(media));
  });
  await blocking(rows, stage);
}

async function blocking(rows: Rows, { client, sandbox, cleo, me, mine }: Stage): Promise<void> {
  await rows.row('blockContact', async () => {
    await client.blockContact(cleo.id);
    same((await me.show()).blocked, [cleo.number]);
    const id = await cleo.send(me.number, { type: 'text', text: { body: 'Buy!' } });
    await sandbox.deliveredAs(id, 'on the server alone', (delivery) => delivery['ack'] === 1);
    await mine.heard.first('blocklist', (frame) => frame.ids.length === 1);
  });
  await rows.row('getBlockList', async () => {
    const [blocked, ...others] = await client.getBlockList();
    expect((await idsOf(cleo)).includes(String(blocked)) && !others.length, String(blocked));
  });
  await rows.row('unblockContact', async () => {
    await client.unblockContact(cleo.id);
    same((await me.show()).blocked, []);
  });
}
