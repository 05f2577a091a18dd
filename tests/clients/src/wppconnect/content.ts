/** Places, contact cards and polls. */

import { expect, later, same, type Rows } from '../rows';
import { bareId } from './messages';
import type { Stage } from './session';

export async function content(rows: Rows, stage: Stage): Promise<void> {
  await places(rows, stage);
  await polls(rows, stage);
}

async function places(rows: Rows, { client, heard, sandbox, anna, ben, cleo, me }: Stage): Promise<void> {
  rows.area('Locations and contact cards');
  const inbound = async (message: any): Promise<any> => {
    const id = await anna.send(me.number, message);
    return (await heard.first('onMessage', (message) => bareId(message.id) === id))[0];
  };
  await rows.row('sendLocation', async () => {
    const { id } = await client.sendLocation(anna.id, { lat: -23.5, lng: -46.6, name: 'Shop', address: 'Rua Um, 1' });
    const { type, content } = await sandbox.delivered(bareId(id));
    same([type, content?.latitude, content?.longitude, content?.name], ['location', -23.5, -46.6, 'Shop']);
  });
  await rows.row('onMessage: location', async () => {
    const message = await inbound({ type: 'location', location: { latitude: 52.5, longitude: 13.4, name: 'Museum' } });
    same([message.type, message.lat, message.lng], ['location', 52.5, 13.4]);
  });
  await rows.row('sendContactVcard', async () => {
    const { type, content } = await sandbox.delivered(bareId((await client.sendContactVcard(anna.id, ben.id, 'Ben')).id));
    expect(type === 'contacts' && JSON.stringify(content).includes(ben.number), `${type}: ${JSON.stringify(content)}`);
  });
  await rows.row('sendContactVcardList', async () => {
    const cards = [{ id: ben.id, name: 'Ben' }, { id: cleo.id, name: 'Cleo' }];
    const { type, content } = await sandbox.delivered(bareId((await client.sendContactVcardList(anna.id, cards)).id));
    const told = JSON.stringify(content);
    expect(type === 'contacts' && told.includes(ben.number) && told.includes(cleo.number), `${type}: ${told}`);
  });
  const card = (phone: { name: string; number: string }) =>
    ({ name: { formatted_name: phone.name }, phones: [{ phone: phone.number }] });
  await rows.row('onMessage: contact card', async () => {
    const message = await inbound({ type: 'contacts', contacts: [card(ben)] });
    expect(message.type === 'vcard' && JSON.stringify(message).includes(ben.number), message.type);
  });
  await rows.row('onMessage: several contact cards', async () => {
    const message = await inbound({ type: 'contacts', contacts: [card(ben), card(cleo)] });
    same([message.type, message.vcardList?.length], ['multi_vcard', 2]);
  });
}

async function polls(rows: Rows, { client, heard, sandbox, anna, me }: Stage): Promise<void> {
  rows.area('Polls');
  const poll = later(async () => {
    const { id } = await client.sendPollMessage(anna.id, 'Tea?', ['Yes', 'No'], { selectableCount: 1 });
    return String((id as any)._serialized ?? id);
  });
  await rows.row('sendPollMessage', async () => {
    const { type, content } = await sandbox.delivered(bareId(await poll()));
    same([type, content?.name, content?.options, content?.selectable_count], ['poll', 'Tea?', ['Yes', 'No'], 1]);
  });
  await rows.row('onPollResponse', async () => {
    await sandbox.arrived(bareId(await poll()));
    await anna.do('vote', { to: me.number, wa_message_id: bareId(await poll()), options: ['No'] });
    const [vote] = await heard.first('onPollResponse', (vote) => vote.selectedOptions.length);
    same(bareId(vote.msgId), bareId(await poll()));
  });
  await rows.row('getVotes', async () => {
    const { votes } = await client.getVotes(await poll());
    // Each option stands at the place of its number; the other places are empty.
    same(votes.map((vote) => vote.selectedOptions.filter(Boolean).length), [1]);
  });
  await rows.row('onMessage: poll', async () => {
    const id = await anna.send(me.number, { type: 'poll', poll: { name: 'When?', options: ['Today', 'Later'] } });
    const [message] = await heard.first('onMessage', (message) => bareId(message.id) === id);
    same([message.type, message.pollName], ['poll_creation', 'When?']);
  });
}
