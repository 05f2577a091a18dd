/** Places, contact cards and polls. */

import wwebjs from 'whatsapp-web.js';
import { expect, same, type Rows } from '../rows';
import type { Stage } from './session';

export async function content(rows: Rows, stage: Stage): Promise<void> {
  await places(rows, stage);
  await cards(rows, stage);
  await polls(rows, stage);
}

async function places(rows: Rows, { client, heard, sandbox, anna, me }: Stage): Promise<void> {
  rows.area('Locations and contact cards');
  await rows.row('sendMessage: location', async () => {
    const place = new wwebjs.Location(-23.5, -46.6, { name: 'Shop', address: 'Rua Um, 1' });
    const delivery = await sandbox.delivered((await client.sendMessage(anna.id, place)).id.id);
    const { latitude, longitude, name, address } = delivery['content'];
    same([delivery.type, latitude, longitude, name, address], ['location', -23.5, -46.6, 'Shop', 'Rua Um, 1']);
  });
  await rows.row('event message: location', async () => {
    const location = { latitude: 52.5, longitude: 13.4, name: 'Museum', address: 'Am Lustgarten' };
    const id = await anna.send(me.number, { type: 'location', location });
    const [message] = await heard.first('message', (message) => message.id.id === id);
    const { latitude, longitude, name } = message.location;
    same([message.type, latitude, longitude, name], ['location', 52.5, 13.4, 'Museum']);
  });
}

async function cards(rows: Rows, { client, heard, sandbox, anna, ben, cleo, me }: Stage): Promise<void> {
  await rows.row('sendMessage: contact card', async () => {
    const message = await client.sendMessage(anna.id, await client.getContactById(ben.id));
    const delivery = await sandbox.delivered(message.id.id);
    expect(delivery.type === 'contacts' && JSON.stringify(delivery['content']).includes(ben.number), JSON.stringify(delivery));
  });
  await rows.row('sendMessage: several contact cards', async () => {
    const contacts = [await client.getContactById(ben.id), await client.getContactById(cleo.id)];
    const delivery = await sandbox.delivered((await client.sendMessage(anna.id, contacts)).id.id);
    const told = JSON.stringify(delivery['content']);
    expect(delivery.type === 'contacts' && told.includes(ben.number) && told.includes(cleo.number), told);
  });
  await rows.row('sendMessage: vCard as text', async () => {
    const vcard = `BEGIN:VCARD\nVERSION:3.0\nFN:Ben\nTEL;type=CELL;waid=${ben.number}:+${ben.number}\nEND:VCARD`;
    const delivery = await sandbox.delivered((await client.sendMessage(anna.id, vcard)).id.id);
    expect(delivery.type === 'contacts' && JSON.stringify(delivery['content']).includes(ben.number), JSON.stringify(delivery));
  });
  const card = (phone: { name: string; number: string }) =>
    ({ name: { formatted_name: phone.name }, phones: [{ phone: phone.number }] });
  await rows.row('event message: contact card', async () => {
    const id = await anna.send(me.number, { type: 'contacts', contacts: [card(ben)] });
    const [message] = await heard.first('message', (message) => message.id.id === id);
    expect(message.type === 'vcard' && message.vCards[0]?.includes(ben.number), `${message.type}: ${message.vCards}`);
  });
  await rows.row('event message: several contact cards', async () => {
    const id = await anna.send(me.number, { type: 'contacts', contacts: [card(ben), card(cleo)] });
    const [message] = await heard.first('message', (message) => message.id.id === id);
    expect(message.type === 'multi_vcard' && message.vCards.length === 2, `${message.type}: ${message.vCards}`);
  });
}

async function polls(rows: Rows, { client, heard, sandbox, anna, me }: Stage): Promise<void> {
  rows.area('Polls');
  const poll = await rows.row('sendMessage: poll', async () => {
    // The types ask for a secret of 32 bytes; without one the client makes it.
    const asked = new wwebjs.Poll('Tea?', ['Yes', 'No'], { messageSecret: undefined });
    const message = await client.sendMessage(anna.id, asked);
    const delivery = await sandbox.delivered(message.id.id);
    same([delivery.type, delivery['content'].name, delivery['content'].options], ['poll', 'Tea?', ['Yes', 'No']]);
    return message;
  });
  await rows.row('event vote_update', async () => {
    await sandbox.arrived(poll?.id.id ?? '');
    await anna.do('vote', { to: me.number, wa_message_id: poll?.id.id, options: ['Yes'] });
    const [vote] = await heard.first('vote_update', (vote) => vote.selectedOptions.length);
    same([vote.voter, vote.selectedOptions[0].name], [anna.id, 'Yes']);
  });
  await rows.row('getPollVotes', async () => {
    const votes = await client.getPollVotes(poll?.id._serialized ?? '');
    same(votes.map((vote) => [vote.voter, vote.selectedOptions.map(({ name }) => name)]), [[anna.id, ['Yes']]]);
  });
  await rows.row('Message.getPollVotes', async () => same((await poll?.getPollVotes())?.length, 1));
  const theirs = await rows.row('event message: poll', async () => {
    const id = await anna.send(me.number, { type: 'poll', poll: { name: 'When?', options: ['Today', 'Later'] } });
    const [message] = await heard.first('message', (message) => message.id.id === id);
    same([message.type, message.pollName], ['poll_creation', 'When?']);
    return message;
  });
  await rows.row('Message.vote', async () => {
    await theirs.vote(['Later']);
    await anna.has(me.number, theirs.id.id, 'with the vote', (message) =>
      message.votes?.some((vote: any) => vote.by === me.number && vote.options[0] === 'Later'));
  });
}
