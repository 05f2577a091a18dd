/** Groups: made, changed and left, by us and by others. What counts is what the network has of the group. */

import wwebjs, { type GroupChat } from 'whatsapp-web.js';
import { expect, later, same, until, type Rows } from '../rows';
import { FILES } from '../world';
import type { Stage } from './session';

/** A group as one row has made it and the next ones use it. */
interface Group {
  id: string;
  chat: () => Promise<GroupChat>;
}

export async function groups(rows: Rows, stage: Stage): Promise<void> {
  rows.area('Groups');
  const { client, sandbox, anna, ben } = stage;
  const id = await rows.row('createGroup', async () => {
    const made = await client.createGroup('Tea club', [anna.id, ben.id]);
    expect(typeof made === 'object', String(made));
    const group = await sandbox.group(made.gid._serialized);
    same([group.subject, members(group)], ['Tea club', [stage.me.number, anna.number, ben.number].sort()]);
    return made.gid._serialized;
  });
  const group: Group = { id: id ?? '', chat: async () => (await client.getChatById(group.id)) as GroupChat };
  await talking(rows, stage, group);
  await people(rows, stage, group);
  await properties(rows, stage, group);
  await invites(rows, stage, group);
}

const members = (group: any): string[] => group.participants.map((one: any) => one.phone).sort();
const admins = (group: any): string[] => group.participants.filter((one: any) => one.admin).map((one: any) => one.phone).sort();

async function talking(rows: Rows, { client, heard, sandbox, anna, ben, me, annas }: Stage, group: Group): Promise<void> {
  const sent = await rows.row('sendMessage: to a group', async () => {
    const message = await client.sendMessage(group.id, `Tea at five, @${ben.number}?`, { mentions: [ben.id] });
    same((await sandbox.delivered(message.id.id)).to, group.id);
    await ben.has(group.id, message.id.id, 'in the group');
    return message;
  });
  await rows.row('event message_ack: read by all of a group', async () => {
    for (const reader of [anna, ben]) await reader.do('read', { from: group.id });
    await heard.first('message_ack', (message, ack) => ack === 3 && message.id.id === sent?.id.id);
  });
  await rows.row('Message.getInfo: who has read in a group', async () => {
    const info = await sent?.getInfo();
    same(info?.read.map(({ id }) => id._serialized).sort(), [anna.id, ben.id]);
  });
  await rows.row('event message: in a group', async () => {
    const id = await anna.send(group.id, { type: 'text', text: { body: 'With pleasure' } });
    const [message] = await heard.first('message', (message) => message.id.id === id);
    same([message.from, message.author, message.body], [group.id, anna.id, 'With pleasure']);
  });
  await rows.row('sendMessage: mentions a group', async () => {
    const groupMentions = [{ subject: 'Tea club', id: group.id }];
    const message = await client.sendMessage(anna.id, `Come to @${group.id}`, { groupMentions });
    const [frame] = await annas.heard.first('msg', (frame) => frame.raw.id === message.id.id);
    expect(JSON.stringify(frame.raw.groupMentions ?? null).includes(group.id), JSON.stringify(frame.raw));
  });
  await rows.row('Message.getGroupMentions', async () => {
    const groupMentions = [{ subject: 'Tea club', id: group.id }];
    const message = await client.sendMessage(anna.id, `Again: @${group.id}`, { groupMentions });
    same((await message.getGroupMentions()).map((chat) => chat.id._serialized), [group.id]);
  });
  await rows.row('getCommonGroups', async () => {
    same((await client.getCommonGroups(anna.id)).map((id: any) => id._serialized ?? id), [group.id]);
  });
  await rows.row('Contact.getCommonGroups', async () => {
    same((await (await client.getContactById(ben.id)).getCommonGroups()).length, 1);
    same(me.id, client.info.wid._serialized);
  });
}

async function people(rows: Rows, { client, heard, sandbox, anna, ben, cleo, me }: Stage, group: Group): Promise<void> {
  await rows.row('GroupChat.addParticipants', async () => {
    const added: any = await (await group.chat()).addParticipants([cleo.id], { sleep: 0 });
    same(added[cleo.id]?.code, 200);
    expect(members(await sandbox.group(group.id)).includes(cleo.number), 'she is not in it');
  });
  await rows.row('event group_join', () =>
    heard.first('group_join', (notice) => notice.chatId === group.id && notice.recipientIds.includes(cleo.id)));
  await rows.row('GroupChat.promoteParticipants', async () => {
    await (await group.chat()).promoteParticipants([anna.id]);
    same(admins(await sandbox.group(group.id)), [anna.number, me.number].sort());
  });
  await rows.row('event group_admin_changed', () =>
    heard.first('group_admin_changed', (notice) => notice.chatId === group.id && notice.recipientIds.includes(anna.id)));
  await rows.row('GroupChat.removeParticipants', async () => {
    await (await group.chat()).removeParticipants([cleo.id]);
    expect(!members(await sandbox.group(group.id)).includes(cleo.number), 'she is still in it');
  });
  await rows.row('event group_leave', async () => {
    await sandbox.post(`/groups/${group.id}/leave`, { phone: ben.number });
    await heard.first('group_leave', (notice) => notice.chatId === group.id && notice.recipientIds.includes(ben.id));
  });
  await rows.row('GroupChat.demoteParticipants', async () => {
    await (await group.chat()).demoteParticipants([anna.id]);
    same(admins(await sandbox.group(group.id)), [me.number]);
  });
  await rows.row('getChatById: group with its participants', async () => {
    const chat = await group.chat();
    same([chat.isGroup, chat.participants.map(({ id }) => id._serialized).sort()], [true, [me.id, anna.id].sort()]);
    await client.getChats();
  });
}

async function properties(rows: Rows, { heard, sandbox, anna }: Stage, group: Group): Promise<void> {
  const kept = async (field: string, value: unknown) => same((await sandbox.group(group.id))[field], value);
  await rows.row('GroupChat.setSubject', async () => {
    expect(await (await group.chat()).setSubject('Coffee club'), 'it says that it failed');
    await kept('subject', 'Coffee club');
  });
  await rows.row('event group_update', async () => {
    await sandbox.post(`/groups/${group.id}/participants`, { by: (await sandbox.group(group.id)).owner, action: 'promote', phones: [anna.number] });
    await sandbox.patch(`/groups/${group.id}`, { by: anna.number, subject: 'Both clubs' });
    await heard.first('group_update', (notice) => notice.chatId === group.id && notice.author === anna.id);
    same((await group.chat()).name, 'Both clubs');
  });
  const notice = later(async () => (await heard.first('group_update', (notice) => notice.author === anna.id))[0]);
  await rows.row('GroupNotification.getChat', async () => same((await (await notice()).getChat()).id._serialized, group.id));
  await rows.row('GroupNotification.getContact', async () => same((await (await notice()).getContact()).id._serialized, anna.id));
  await rows.row('GroupNotification.getRecipients', async () => {
    const [joined] = await heard.first('group_join', (notice) => notice.chatId === group.id);
    expect((await joined.getRecipients()).length === 1, 'nobody, or several');
  });
  await rows.row('GroupNotification.reply', async () => {
    const message = await (await notice()).reply('A good name');
    same((await sandbox.delivered(message.id.id)).to, group.id);
  });
  await rows.row('GroupChat.setDescription', async () => {
    expect(await (await group.chat()).setDescription('At five'), 'it says that it failed');
    await kept('description', 'At five');
  });
  await rows.row('GroupChat.setMessagesAdminsOnly', async () => {
    expect(await (await group.chat()).setMessagesAdminsOnly(true), 'it says that it failed');
    await kept('announce', true);
    await (await group.chat()).setMessagesAdminsOnly(false);
    await kept('announce', false);
  });
  await rows.row('GroupChat.setInfoAdminsOnly', async () => {
    expect(await (await group.chat()).setInfoAdminsOnly(true), 'it says that it failed');
    await kept('restrict', true);
  });
  await rows.row('GroupChat.setAddMembersAdminsOnly', async () => {
    expect(await (await group.chat()).setAddMembersAdminsOnly(true), 'it says that it failed');
    await kept('members_add', false);
  });
  await rows.row('GroupChat.setPicture', async () => {
    const { mimetype, base64 } = FILES.jpeg;
    expect(await (await group.chat()).setPicture(new wwebjs.MessageMedia(mimetype, base64)), 'it says that it failed');
    const { picture } = await sandbox.group(group.id);
    expect((await sandbox.media(picture)).length > 0, 'no picture');
  });
  await rows.row('GroupChat.deletePicture', async () => {
    expect(await (await group.chat()).deletePicture(), 'it says that it failed');
    await kept('picture', null);
  });
}

async function invites(rows: Rows, { client, sandbox, anna, cleo, me }: Stage, group: Group): Promise<void> {
  const code = await rows.row('GroupChat.getInviteCode', async () => {
    const code = await (await group.chat()).getInviteCode();
    await sandbox.post('/groups/join', { phone: cleo.number, code });
    expect(members(await sandbox.group(group.id)).includes(cleo.number), 'nobody can join by it');
    return code;
  });
  await rows.row('GroupChat.revokeInvite', async () => {
    const next = await (await group.chat()).revokeInvite();
    expect(typeof next === 'string' && next !== code, `the code is ${next}`);
    same((await sandbox.get(`/groups/${group.id}/invite?by=${me.number}`)).code, next);
  });
  const other = await sandbox.post('/groups', { creator: anna.number, subject: 'Elsewhere', participants: [cleo.number] })
    .catch(() => undefined);
  const link = other && (await sandbox.get(`/groups/${other.id}/invite?by=${anna.number}`));
  await rows.row('getInviteInfo', async () => {
    const info: any = await client.getInviteInfo(link.code);
    same([info.id._serialized ?? info.id, info.subject], [other.id, 'Elsewhere']);
  });
  await rows.row('acceptInvite', async () => {
    same(await client.acceptInvite(link.code), other.id);
    expect(members(await sandbox.group(other.id)).includes(me.number), 'we are not in it');
  });
  await rows.row('GroupChat.leave', async () => {
    const chat = (await until('the chat', () => client.getChatById(other.id))) as GroupChat;
    await chat.leave();
    expect(!members(await sandbox.group(other.id)).includes(me.number), 'we are still in it');
  });
}
