/** Groups: made, changed and left, by us and by others. What counts is what the network has of the group. */

import { expect, later, same, until, type Rows } from '../rows';
import { FILES } from '../world';
import { bareId } from './messages';
import type { Stage } from './session';

/** The id of the group that most rows use. */
type Group = () => Promise<string>;

const idOf = (wid: any): string => String(wid?._serialized ?? wid);
const members = (group: any): string[] => group.participants.map((one: any) => one.phone).sort();
const admins = (group: any): string[] => group.participants.filter((one: any) => one.admin).map((one: any) => one.phone).sort();

export async function groups(rows: Rows, stage: Stage): Promise<void> {
  rows.area('Groups');
  const { client, sandbox, anna, ben, me } = stage;
  const group: Group = later(async () => idOf((await client.createGroup('Tea club', [anna.id, ben.id])).gid));
  await rows.row('createGroup', async () => {
    const made = await sandbox.group(await group());
    same([made.subject, members(made)], ['Tea club', [me.number, anna.number, ben.number].sort()]);
  });
  await talking(rows, stage, group);
  await asking(rows, stage, group);
  await people(rows, stage, group);
  await properties(rows, stage, group);
  await invites(rows, stage, group);
}

async function talking(rows: Rows, { client, heard, sandbox, anna, ben }: Stage, group: Group): Promise<void> {
  const sent = later(async () => bareId((await client.sendText(await group(), 'Tea at five?')).id));
  await rows.row('sendText: to a group', async () => {
    same((await sandbox.delivered(await sent())).to, await group());
    await ben.has(await group(), await sent(), 'in the group');
  });
  await rows.row('onAck: by a participant', async () => {
    const id = await sent();
    for (const reader of [anna, ben]) await reader.do('read', { from: await group() });
    await heard.first('onAck', (event) => event.ack === 3 && bareId(event.id) === id);
  });
  await rows.row('onMessage: in a group', async () => {
    const id = await anna.send(await group(), { type: 'text', text: { body: 'With pleasure' } });
    const [message] = await heard.first('onMessage', (message) => bareId(message.id) === id);
    same([idOf(message.author), message.body, message.isGroupMsg], [anna.id, 'With pleasure', true]);
  });
}

async function asking(rows: Rows, { client, anna, ben, me }: Stage, group: Group): Promise<void> {
  const ids = (list: any[]) => list.map((one) => idOf(one.id ?? one)).sort();
  await rows.row('getAllGroups', async () => same(ids(await client.getAllGroups()), [await group()]));
  await rows.row('listChats: only groups', async () => {
    same(ids(await client.listChats({ onlyGroups: true })), [await group()]);
  });
  await rows.row('getGroupMembersIds', async () => {
    same((await client.getGroupMembersIds(await group())).map(idOf).sort(), [me.id, anna.id, ben.id]);
  });
  await rows.row('getGroupMembers', async () => same(ids(await client.getGroupMembers(await group())), [me.id, anna.id, ben.id]));
  await rows.row('getGroupAdmins', async () => same((await client.getGroupAdmins(await group())).map(idOf), [me.id]));
  await rows.row('getGroupSizeLimit', async () => same(await client.getGroupSizeLimit(), 1_024));
  await rows.row('getCommonGroups', async () => same((await client.getCommonGroups(anna.id)).map(idOf), [await group()]));
}

async function people(rows: Rows, { client, heard, sandbox, anna, ben, cleo, me }: Stage, group: Group): Promise<void> {
  await rows.row('addParticipant', async () => {
    await client.addParticipant(await group(), [cleo.id]);
    expect(members(await sandbox.group(await group())).includes(cleo.number), 'she is not in it');
  });
  await rows.row('promoteParticipant', async () => {
    await client.promoteParticipant(await group(), anna.id);
    same(admins(await sandbox.group(await group())), [me.number, anna.number].sort());
  });
  await rows.row('demoteParticipant', async () => {
    await client.demoteParticipant(await group(), anna.id);
    same(admins(await sandbox.group(await group())), [me.number]);
  });
  await rows.row('removeParticipant', async () => {
    await client.removeParticipant(await group(), cleo.id);
    expect(!members(await sandbox.group(await group())).includes(cleo.number), 'she is still in it');
  });
  await rows.row('onParticipantsChanged', async () => {
    const id = await group();
    await sandbox.post(`/groups/${id}/leave`, { phone: ben.number });
    const [event] = await heard.first('onParticipantsChanged', (event) => event.groupId === id && ['leave', 'leaver'].includes(event.action));
    same(event.who.map(idOf), [ben.id]);
  });
  await rows.row('onNotificationMessage', async () => {
    const id = await group();
    await heard.first('onNotificationMessage', (message) => JSON.stringify(message).includes(id));
  });
  await rows.row('onAddedToGroup', async () => {
    const { id } = await sandbox.post('/groups', { creator: anna.number, subject: 'A surprise', participants: [cleo.number] });
    await sandbox.post(`/groups/${id}/participants`, { by: anna.number, action: 'add', phones: [me.number] });
    await heard.first('onAddedToGroup', (chat) => idOf(chat.id) === id);
    await sandbox.post(`/groups/${id}/participants`, { by: anna.number, action: 'remove', phones: [me.number] });
  });
}

async function properties(rows: Rows, { client, sandbox }: Stage, group: Group): Promise<void> {
  const kept = async (field: string, value: unknown) => same((await sandbox.group(await group()))[field], value);
  await rows.row('setGroupSubject', async () => {
    await client.setGroupSubject(await group(), 'Coffee club');
    await kept('subject', 'Coffee club');
  });
  await rows.row('setGroupDescription', async () => {
    await client.setGroupDescription(await group(), 'At five');
    await kept('description', 'At five');
  });
  await rows.row('setGroupProperty', async () => {
    await client.setGroupProperty(await group(), 'restrict' as any, true);
    await kept('restrict', true);
  });
  await rows.row('setMessagesAdminsOnly', async () => {
    for (const value of [true, false]) {
      await client.setMessagesAdminsOnly(await group(), value);
      await kept('announce', value);
    }
  });
  await rows.row('setGroupIcon', async () => {
    await client.setGroupIcon(await group(), FILES.jpeg.path);
    const { picture } = await sandbox.group(await group());
    expect((await sandbox.media(picture)).length > 0, 'no picture');
  });
  await rows.row('removeGroupIcon', async () => {
    await client.removeGroupIcon(await group());
    await kept('picture', null);
  });
}

async function invites(rows: Rows, { client, sandbox, anna, cleo, me }: Stage, group: Group): Promise<void> {
  const link = await rows.row('getGroupInviteLink', async () => {
    const link = await client.getGroupInviteLink(await group());
    await sandbox.post('/groups/join', { phone: cleo.number, code: link.split('/').at(-1) });
    expect(members(await sandbox.group(await group())).includes(cleo.number), 'nobody can join by it');
    return link;
  });
  await rows.row('revokeGroupInviteLink', async () => {
    const next = await client.revokeGroupInviteLink(await group());
    expect(next !== link, 'it is the old one');
    same((await sandbox.get(`/groups/${await group()}/invite?by=${me.number}`)).link, next);
  });
  const other = later(async () => {
    const { id } = await sandbox.post('/groups', { creator: anna.number, subject: 'Elsewhere', participants: [cleo.number] });
    return { id: id as string, link: (await sandbox.get(`/groups/${id}/invite?by=${anna.number}`)).link as string };
  });
  await rows.row('getGroupInfoFromInviteLink', async () => {
    const info: any = await client.getGroupInfoFromInviteLink((await other()).link);
    same([idOf(info.id), info.subject], [(await other()).id, 'Elsewhere']);
  });
  await rows.row('joinGroup', async () => {
    await client.joinGroup((await other()).link);
    expect(members(await sandbox.group((await other()).id)).includes(me.number), 'we are not in it');
  });
  await rows.row('leaveGroup', async () => {
    const { id } = await other();
    await until('the group', async () => (await client.listChats({ onlyGroups: true })).some((chat) => idOf(chat.id) === id));
    await client.leaveGroup(id);
    expect(!members(await sandbox.group(id)).includes(me.number), 'we are still in it');
  });
}
