/** Places, contact cards and polls. */

import { expect, later, same, type Rows } from '../rows';
import { bareId } from './messages';
import type { Stage } from './session';

export async function content(rows: Rows, stage: Stage): Promise<void> {
  await places(rows, stage);
  await polls(rows, stage);
}

async function places(rows: Rows, { session, heard, sandbox, anna, ben, cleo, me }: Stage): Promise<void> {
  rows.area('Locations and contact cards');
  const inbound = async (message: any): Promise<any> => {
    const id = await anna.send(me.number, message);
    return (await heard.first('chat.new_message', (message) => bareId(message.id) === id))[0];
  };
  await rows.row('chat.sendLocationMessage', async () => {
    const place = { lat: -23.5, lng: -46.6, name: 'Shop', address: 'Rua Um, 1' };
    const delivery = await sandbox.delivered(bareId((await session.call('chat.sendLocationMessage', anna.id, place)).id));
    const { latitude, longitude, name, address } = delivery['content'];
    same([delivery.type, latitude, longitude, name, address], ['location', -23.5, -46.6, 'Shop', 'Rua Um, 1']);
  });
  await rows.row('event chat.new_message: location', async () => {
    const message = await inbound({ type: 'location', location: { latitude: 52.5, longitude: 13.4, name: 'Museum' } });
    same([message.type, message.lat, message.lng], ['location', 52.5, 13.4]);
  });
  await rows.row('chat.sendVCardContactMessage', async () => {
    const card = { id: ben.id, name: 'Ben' };
    const delivery = await sandbox.delivered(bareId((await session.call('chat.sendVCardContactMessage', anna.id, card)).id));
    expect(delivery.type === 'contacts' && JSON.stringify(delivery['content']).includes(ben.number), JSON.stringify(delivery));
  });
  await rows.row('chat.sendVCardContactMessage: several', async () => {
    const cards = [{ id: ben.id, name: 'Ben' }, { id: cleo.id, name: 'Cleo' }];
    const delivery = await sandbox.delivered(bareId((await session.call('chat.sendVCardContactMessage', anna.id, cards)).id));
    const told = JSON.stringify(delivery['content']);
    expect(delivery.type === 'contacts' && told.includes(ben.number) && told.includes(cleo.number), told);
  });
  const card = (phone: { name: string; number: string }) =>
    ({ name: { formatted_name: phone.name }, phones: [{ phone: phone.number }] });
  await rows.row('event chat.new_message: contact card', async () => {
    const message = await inbound({ type: 'contacts', contacts: [card(ben)] });
    expect(message.type === 'vcard' && message.body.includes(ben.number), `${message.type}: ${message.body}`);
  });
  await rows.row('event chat.new_message: several contact cards', async () => {
    const message = await inbound({ type: 'contacts', contacts: [card(ben), card(cleo)] });
    same([message.type, message.vcardList?.length], ['multi_vcard', 2]);
  });
}

async function polls(rows: Rows, { session, heard, sandbox, anna, me }: Stage): Promise<void> {
  rows.area('Polls');
  const poll = later(async () => {
    const { id } = await session.call('chat.sendCreatePollMessage', anna.id, 'Tea?', ['Yes', 'No'], { selectableCount: 1 });
    return id as string;
  });
  await rows.row('chat.sendCreatePollMessage', async () => {
    const { type, content } = await sandbox.delivered(bareId(await poll()));
    same([type, content?.name, content?.options, content?.selectable_count], ['poll', 'Tea?', ['Yes', 'No'], 1]);
  });
  await rows.row('event chat.poll_response', async () => {
    await sandbox.arrived(bareId(await poll()));
    await anna.do('vote', { to: me.number, wa_message_id: bareId(await poll()), options: ['No'] });
    const [vote] = await heard.first('chat.poll_response', (vote) => vote.selectedOptions.length);
    same([vote.sender, vote.chatId, bareId(vote.msgId)], [anna.id, anna.id, bareId(await poll())]);
  });
  await rows.row('chat.getVotes', async () => {
    const { votes } = await session.call('chat.getVotes', await poll());
    // Each option stands at the place of its number; the other places are empty.
    same(votes.map((vote: any) => [vote.sender, vote.selectedOptions.filter(Boolean).length]), [[anna.id, 1]]);
  });
  await rows.row('event chat.new_message: poll', async () => {
    const id = await anna.send(me.number, { type: 'poll', poll: { name: 'When?', options: ['Today', 'Later'] } });
    const [message] = await heard.first('chat.new_message', (message) => bareId(message.id) === id);
    same([message.type, message.pollName], ['poll_creation', 'When?']);
  });
}
