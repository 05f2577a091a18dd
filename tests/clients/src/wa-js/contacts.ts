/** People: who they are, what they show, and who is blocked. */

import { expect, same, until, type Rows } from '../rows';
import { FILES, idsOf } from '../world';
import type { Stage } from './session';

export async function contacts(rows: Rows, stage: Stage): Promise<void> {
  rows.area('Contacts');
  const { session, sandbox, anna, cleo } = stage;
  await rows.row('contact.get', async () => {
    const contact = await session.call('contact.get', anna.id);
    same([contact.id, contact.pushname], [anna.id, anna.name]);
  });
  await rows.row('contact.list', async () => {
    const contacts = await session.call('contact.list', {});
    expect(contacts.some((contact: any) => contact.id === anna.id), `${contacts.length}, and not Anna`);
  });
  for (const call of ['contact.queryExists', 'contact.queryWidExists']) {
    await rows.row(call, async () => {
      const { wid, lid } = await session.call(call, anna.id);
      expect((await idsOf(anna)).includes(String(lid)), `the hidden id is ${lid}`);
      same([wid, await session.call(call, '12@c.us')], [anna.id, null]);
    });
  }
  await rows.row('contact.getPnLidEntry', async () => {
    const { lid, phoneNumber } = await session.call('contact.getPnLidEntry', anna.id);
    expect((await idsOf(anna)).includes(String(lid?._serialized ?? lid)), JSON.stringify(lid));
    same(phoneNumber?._serialized ?? phoneNumber, anna.id);
  });
  await rows.row('contact.getStatus', async () => {
    await sandbox.patch(`/phones/${anna.number}`, { about: 'Out for tea' });
    same(await session.call('contact.getStatus', anna.id), 'Out for tea');
  });
  await rows.row('contact.getProfilePictureUrl', async () => {
    const { media } = await sandbox.upload(FILES.jpeg.bytes, FILES.jpeg.mimetype);
    await sandbox.patch(`/phones/${anna.number}`, { picture: media });
    await until('the picture', async () => (await session.call('contact.getProfilePictureUrl', anna.id))?.includes(media));
  });
  await rows.row('contact.save', async () => {
    const contact = await session.call('contact.save', cleo.id, 'Cleo', { lastName: 'of the tea shop' });
    same(contact?.name, 'Cleo of the tea shop');
    const known = await idsOf(cleo);
    const { contacts } = await stage.mine.snapshot();
    expect(contacts.some((entry: any) => known.includes(entry.id) && entry.name === contact.name), 'the account does not keep it');
  });
  await rows.row('contact.list: only those in the book', async () => {
    const saved = await session.call('contact.list', { onlyMyContacts: true });
    expect(saved.some((contact: any) => contact.id === cleo.id), `${saved.length} contacts, and not Cleo`);
  });
  await rows.row('contact.remove', async () => {
    await session.call('contact.remove', cleo.id);
    const saved = await session.call('contact.list', { onlyMyContacts: true });
    expect(!saved.some((contact: any) => contact.id === cleo.id), 'she is still in it');
  });
  await blocking(rows, stage);
}

async function blocking(rows: Rows, { session, heard, sandbox, cleo, me, mine }: Stage): Promise<void> {
  await rows.row('blocklist.blockContact', async () => {
    await session.call('blocklist.blockContact', cleo.id);
    same((await me.show()).blocked, [cleo.number]);
    const id = await cleo.send(me.number, { type: 'text', text: { body: 'Buy!' } });
    await sandbox.deliveredAs(id, 'on the server alone', (delivery) => delivery['ack'] === 1);
    await mine.heard.first('blocklist', (frame) => frame.ids.length === 1);
  });
  await rows.row('blocklist.isBlocked', async () => same(await session.call('blocklist.isBlocked', cleo.id), true));
  await rows.row('blocklist.all', async () => {
    const known = await idsOf(cleo);
    expect((await session.call('blocklist.all')).every((id: string) => known.includes(id)), 'somebody else');
  });
  await rows.row('blocklist.unblockContact', async () => {
    await session.call('blocklist.unblockContact', cleo.id);
    same([(await me.show()).blocked, await session.call('blocklist.isBlocked', cleo.id)], [[], false]);
  });
  await rows.row('event blocklist.sync', async () => {
    await heard.during(() => me.do('block', { phone: cleo.number }), 'blocklist.sync');
    await me.do('unblock', { phone: cleo.number });
  });
}
