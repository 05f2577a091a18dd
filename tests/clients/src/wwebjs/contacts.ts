/** People: who they are, what they show, and who is blocked. */

import { expect, later, same, until, type Rows } from '../rows';
import { FILES } from '../world';
import type { Stage } from './session';

export async function contacts(rows: Rows, stage: Stage): Promise<void> {
  rows.area('Contacts');
  const { client, sandbox, anna } = stage;
  await rows.row('getContacts', async () => {
    const found = (await client.getContacts()).find((contact) => contact.id._serialized === anna.id);
    expect(found?.pushname === anna.name && !found.isGroup, JSON.stringify(found));
  });
  await rows.row('getContactById', async () => {
    const contact = await client.getContactById(anna.id);
    same([contact.number, contact.pushname, contact.isMe], [anna.number, anna.name, false]);
  });
  await rows.row('getNumberId', async () => {
    same((await client.getNumberId(anna.number))?._serialized, anna.id);
    same(await client.getNumberId('12'), null);
  });
  await rows.row('isRegisteredUser', async () => {
    same([await client.isRegisteredUser(anna.id), await client.isRegisteredUser('12@c.us')], [true, false]);
  });
  await rows.row('getContactLidAndPhone', async () => {
    const [{ lid, pn } = { lid: '', pn: '' }] = await client.getContactLidAndPhone([anna.id]);
    expect(pn === anna.id && lid.startsWith(String((await anna.show()).lid).split('@')[0] ?? '?'), `${pn} ${lid}`);
  });
  await rows.row('getContactDeviceCount', async () => same(await client.getContactDeviceCount(anna.id), 2));
  await rows.row('getProfilePicUrl', async () => {
    const { media } = await upload(stage);
    await sandbox.patch(`/phones/${anna.number}`, { picture: media });
    await until('the picture', async () => (await client.getProfilePicUrl(anna.id))?.includes(media));
  });
  await spelled(rows, stage);
  await ofContact(rows, stage);
  await book(rows, stage);
}

async function upload({ sandbox }: Stage): Promise<{ media: string }> {
  return sandbox.upload(FILES.jpeg.bytes, FILES.jpeg.mimetype);
}

/** How a number is grouped is a matter of taste; its digits are not. */
function spells(text: string, number: string): void {
  expect(text.startsWith('+') && text.includes(' ') && text.replace(/\D/g, '') === number, `it is ${text}`);
}

async function spelled(rows: Rows, { client, anna }: Stage): Promise<void> {
  const contact = later(() => client.getContactById(anna.id));
  await rows.row('getFormattedNumber', async () => spells(await client.getFormattedNumber(anna.id), anna.number));
  await rows.row('Contact.getFormattedNumber', async () => spells(await (await contact()).getFormattedNumber(), anna.number));
  await rows.row('getCountryCode', async () => same(await client.getCountryCode(anna.number), '55'));
  await rows.row('Contact.getCountryCode', async () => same(await (await contact()).getCountryCode(), '55'));
}

async function ofContact(rows: Rows, { client, sandbox, anna, cleo, me, mine }: Stage): Promise<void> {
  const contact = later(() => client.getContactById(anna.id));
  await rows.row('Contact.getChat', async () => same((await (await contact()).getChat()).id._serialized, anna.id));
  await rows.row('Contact.getProfilePicUrl', async () => {
    const { picture } = await anna.show();
    expect((await (await contact()).getProfilePicUrl())?.includes(picture), 'it is not the picture of the phone');
  });
  await rows.row('Contact.getAbout', async () => {
    await sandbox.patch(`/phones/${anna.number}`, { about: 'Out for tea' });
    same(await (await contact()).getAbout(), 'Out for tea');
  });
  const pest = later(() => client.getContactById(cleo.id));
  await rows.row('Contact.block', async () => {
    await (await pest()).block();
    same((await me.show()).blocked, [cleo.number]);
    const id = await cleo.send(me.number, { type: 'text', text: { body: 'Buy!' } });
    await sandbox.deliveredAs(id, 'on the server alone', (delivery) => delivery['ack'] === 1);
    await mine.heard.first('blocklist', (frame) => frame.ids.length === 1);
  });
  await rows.row('getBlockedContacts', async () => {
    same((await client.getBlockedContacts()).map((contact) => contact.id._serialized), [cleo.id]);
  });
  await rows.row('Contact.unblock', async () => {
    await (await pest()).unblock();
    same((await me.show()).blocked, []);
  });
}

async function book(rows: Rows, { client, cleo }: Stage): Promise<void> {
  await rows.row('saveOrEditAddressbookContact', async () => {
    await client.saveOrEditAddressbookContact(cleo.number, 'Cleo', 'of the tea shop', true);
    const { name, isMyContact } = await client.getContactById(cleo.id);
    same([name, isMyContact], ['Cleo of the tea shop', true]);
  });
  await rows.row('deleteAddressbookContact', async () => {
    await client.deleteAddressbookContact(cleo.id);
    same((await client.getContactById(cleo.id)).isMyContact, false);
  });
}
