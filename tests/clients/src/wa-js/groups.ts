/** Groups: made, changed and left, by us and by others. What counts is what the network has of the group. */

import { expect, later, same, until, type Rows } from '../rows';
import { FILES, arrived } from '../world';
import { bareId } from './messages';
import type { Stage } from './session';

/** The id of the group that most rows use. */
type Group = () => Promise<string>;

const members = (group: any): string[] => group.participants.map((one: any) => one.phone).sort();
const admins = (group: any): string[] => group.participants.filter((one: any) => one.admin).map((one: any) => one.phone).sort();

export async function groups(rows: Rows, stage: Stage): Promise<void> {
  rows.area('Groups');
  const { session, sandbox, anna, ben, me } = stage;
  const group: Group = later(async () =>
    (await session.call('group.create', 'Tea club', [anna.id, ben.id])).gid as string);
  await rows.row('group.create', async () => {
    const made = await sandbox.group(await group());
    same([made.subject, members(made)], ['Tea club', [me.number, anna.number, ben.number].sort()]);
  });
  await talking(rows, stage, group);
  await asking(rows, stage, group);
  await people(rows, stage, group);
  await properties(rows, stage, group);
  await invites(rows, stage, group);
}

async function talking(rows: Rows, stage: Stage, group: Group): Promise<void> {
  const { session, heard, sandbox, anna, ben } = stage;
  const sent = later(async () => {
    const text = `Tea at five, @${ben.number}?`;
    return bareId((await session.call('chat.sendTextMessage', await group(), text, { detectMentioned: true })).id);
  });
  await rows.row('chat.sendTextMessage: to a group', async () => {
    same((await sandbox.delivered(await sent())).to, await group());
    await ben.has(await group(), await sent(), 'in the group');
  });
  await rows.row('chat.sendTextMessage: with a mention that it finds in the text', async () => {
    same((await arrived(stage, await sent())).mentionedJidList, [ben.id]);
  });
  await rows.row('event chat.msg_ack_change: by a participant', async () => {
    const id = await sent();
    await anna.do('read', { from: await group() });
    await heard.first('chat.msg_ack_change', (event) =>
      event.ack === 3 && event.sender === anna.id && event.ids.some((key: string) => bareId(key) === id));
    await ben.do('read', { from: await group() });
  });
  await rows.row('event chat.new_message: in a group', async () => {
    const id = await anna.send(await group(), { type: 'text', text: { body: 'With pleasure' } });
    const [message] = await heard.first('chat.new_message', (message) => bareId(message.id) === id);
    same([message.author, message.body], [anna.id, 'With pleasure']);
  });
}

async function asking(rows: Rows, { session, anna, ben, me }: Stage, group: Group): Promise<void> {
  await rows.row('group.ensureGroup', async () => same((await session.call('group.ensureGroup', await group())).id, await group()));
  await rows.row('group.ensureGroupAndParticipants', async () => {
    const { participants } = await session.call('group.ensureGroupAndParticipants', await group(), [anna.id]);
    same(participants.length, 1);
  });
  await rows.row('group.getParticipants', async () => {
    const ids = (await session.call('group.getParticipants', await group())).map((one: any) => one.id);
    same(ids.sort(), [me.id, anna.id, ben.id]);
  });
  await rows.row('group.getAllGroups', async () => {
    same((await session.call('group.getAllGroups')).map((chat: any) => chat.id), [await group()]);
  });
  await rows.row('chat.list: only groups', async () => {
    same((await session.call('chat.list', { onlyGroups: true })).map((chat: any) => chat.id), [await group()]);
  });
  await rows.row('contact.getCommonGroups', async () => same(await session.call('contact.getCommonGroups', anna.id), [await group()]));
  await rows.row('group.getGroupSizeLimit', async () => same(await session.call('group.getGroupSizeLimit'), 1_024));
  const answers = [['iAmAdmin', true], ['iAmMember', true], ['iAmSuperAdmin', true], ['iAmRestrictedMember', false], ['canAdd', true]] as const;
  for (const [call, answer] of answers) {
    await rows.row(`group.${call}`, async () => same(await session.call(`group.${call}`, await group()), answer));
  }
  for (const [call, answer] of [['canPromote', true], ['canRemove', true], ['canDemote', false]] as const) {
    await rows.row(`group.${call}`, async () => same(await session.call(`group.${call}`, await group(), anna.id), answer));
  }
}

async function people(rows: Rows, { session, heard, sandbox, anna, ben, cleo, me }: Stage, group: Group): Promise<void> {
  await rows.row('group.addParticipants', async () => {
    const added = await session.call('group.addParticipants', await group(), [cleo.id]);
    same(added[cleo.id]?.code, 200);
    expect(members(await sandbox.group(await group())).includes(cleo.number), 'she is not in it');
  });
  await rows.row('group.promoteParticipants', async () => {
    await session.call('group.promoteParticipants', await group(), [anna.id]);
    same(admins(await sandbox.group(await group())), [me.number, anna.number].sort());
  });
  await rows.row('group.demoteParticipants', async () => {
    await session.call('group.demoteParticipants', await group(), [anna.id]);
    same(admins(await sandbox.group(await group())), [me.number]);
  });
  await rows.row('group.removeParticipants', async () => {
    await session.call('group.removeParticipants', await group(), [cleo.id]);
    expect(!members(await sandbox.group(await group())).includes(cleo.number), 'she is still in it');
  });
  await rows.row('event group.participant_changed', async () => {
    await sandbox.post(`/groups/${await group()}/leave`, { phone: ben.number });
    const [event] = await heard.first('group.participant_changed', (event) => ['leave', 'leaver'].includes(event.action));
    same([event.groupId, event.participants], [await group(), [ben.id]]);
  });
  await rows.row('group.getPastParticipants', async () => {
    const past = await session.call('group.getPastParticipants', await group());
    expect(past.some((one: any) => one.id === ben.id), `${past.length}, and not Ben`);
  });
}

async function properties(rows: Rows, { session, sandbox }: Stage, group: Group): Promise<void> {
  const kept = async (field: string, value: unknown) => same((await sandbox.group(await group()))[field], value);
  await rows.row('group.setSubject', async () => {
    await session.call('group.setSubject', await group(), 'Coffee club');
    await kept('subject', 'Coffee club');
  });
  await rows.row('group.setDescription', async () => {
    await session.call('group.setDescription', await group(), 'At five');
    await kept('description', 'At five');
  });
  await rows.row('group.setProperty: announcement', async () => {
    for (const value of [true, false]) {
      await session.call('group.setProperty', await group(), 'announcement', value);
      await kept('announce', value);
    }
  });
  await rows.row('group.setProperty: restrict', async () => {
    await session.call('group.setProperty', await group(), 'restrict', true);
    await kept('restrict', true);
  });
  await rows.row('group.setIcon', async () => {
    await session.call('group.setIcon', await group(), FILES.jpeg.url);
    const { picture } = await sandbox.group(await group());
    expect((await sandbox.media(picture)).length > 0, 'no picture');
  });
  await rows.row('group.removeIcon', async () => {
    await session.call('group.removeIcon', await group());
    await kept('picture', null);
  });
}

async function invites(rows: Rows, { session, sandbox, anna, cleo, me }: Stage, group: Group): Promise<void> {
  const code = await rows.row('group.getInviteCode', async () => {
    const code = await session.call('group.getInviteCode', await group());
    await sandbox.post('/groups/join', { phone: cleo.number, code });
    expect(members(await sandbox.group(await group())).includes(cleo.number), 'nobody can join by it');
    return code;
  });
  await rows.row('group.revokeInviteCode', async () => {
    const next = await session.call('group.revokeInviteCode', await group());
    expect(typeof next === 'string' && next !== code, `the code is ${next}`);
    same((await sandbox.get(`/groups/${await group()}/invite?by=${me.number}`)).code, next);
  });
  const other = later(async () => {
    const { id } = await sandbox.post('/groups', { creator: anna.number, subject: 'Elsewhere', participants: [cleo.number] });
    return { id: id as string, code: (await sandbox.get(`/groups/${id}/invite?by=${anna.number}`)).code as string };
  });
  await rows.row('group.getGroupInfoFromInviteCode', async () => {
    const info = await session.call('group.getGroupInfoFromInviteCode', (await other()).code);
    same([info.id, info.subject], [(await other()).id, 'Elsewhere']);
  });
  await rows.row('group.join', async () => {
    same((await session.call('group.join', (await other()).code)).id, (await other()).id);
    expect(members(await sandbox.group((await other()).id)).includes(me.number), 'we are not in it');
  });
  await rows.row('group.leave', async () => {
    const { id } = await other();
    await until('the group', () => session.call('group.ensureGroup', id).catch(() => undefined));
    await session.call('group.leave', id);
    expect(!members(await sandbox.group(id)).includes(me.number), 'we are still in it');
  });
}
