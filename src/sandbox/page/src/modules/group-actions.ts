/** What the person at the page does with groups: make them, change them, let people in and out. */

import { createWid, type Wid } from '../ids/wid';
import type { Ask, GroupInfo, ParticipantResult } from '../protocol';
import type { ModuleTable } from '../registry';
import { notSimulated } from '../registry';
import { chatOf, type Chat } from './chats';
import { describe, groups, type GroupDescription } from './groups';
import type { Participant } from './participants';
import { ServerStatusCodeError, demand } from './server-error';

/** As many as a group of the sandbox holds. */
const GROUP_SIZE_LIMIT = 1_024;

type Action = Ask<'group_participants'>['action'];

/** A person, in any of the ways in which clients name one. */
type PersonLike = Wid | string | Pick<Participant, 'id'> | { phoneNumber: Wid };
/** A group: by its id, or by its chat. */
type GroupLike = Wid | string | Pick<Chat, 'id'>;

interface AddedParticipant {
  userWid: Wid;
  /** As text: clients compare it with '403'. */
  code: string;
  invite_code: null;
  invite_code_exp: null;
}

/** Takes over what the server says of a group, and shows its chat. */
export function takeGroup(info: GroupInfo): Chat {
  const group = groups.take(info);
  const chat = chatOf(group.id);
  chat.rename(info.subject);
  const member = group.participants.iAmMember();
  chat.set({
    isReadOnly: !member,
    isAnnounceGrpRestrict: info.announce && !group.participants.iAmAdmin(),
    canSend: member && (!info.announce || group.participants.iAmAdmin()),
  });
  return chat;
}

/**
 * A new group. The settings that clients pass are left aside, for they disagree on what `announce: true`
 * means; a group begins with everybody writing.
 */
async function createGroup(options: { title: string }, people: PersonLike[]) {
  const { info, results } = await demand('group_create', {
    subject: options.title, participants: people.map(personId),
  });
  takeGroup(info);
  return {
    wid: createWid(info.id),
    subject: info.subject,
    participants: results.map(({ id, code }) => ({
      wid: createWid(id), error: code === 200 ? undefined : code, invite_code: null, invite_code_exp: null,
    })),
  };
}

async function change(action: Action, group: GroupLike, people: PersonLike[]): Promise<ParticipantResult[]> {
  const id = groupId(group);
  const { results } = await demand('group_participants', { id, action, participants: people.map(personId) });
  const { info } = await demand('group_info', { id });
  takeGroup(info);
  return results;
}

/** group.addParticipants reads each person's result; the other clients await the end. */
function modify(action: Action) {
  return async (group: GroupLike, people: PersonLike[]) => ({
    status: 207,
    participants: (await change(action, group, people)).map(({ id, code }): AddedParticipant => ({
      userWid: createWid(id), code: String(code), invite_code: null, invite_code_exp: null,
    })),
  });
}

async function setInfo(group: GroupLike, info: Omit<Ask<'group_set'>, 'id'>): Promise<void> {
  takeGroup((await demand('group_set', { id: groupId(group), ...info })).info);
}

/** The settings by which clients know them. Messages that disappear are not part of the sandbox. */
async function setGroupProperty(group: GroupLike, name: string, value: number | boolean): Promise<void> {
  switch (name) {
    case 'announcement': return setInfo(group, { announce: Boolean(value) });
    case 'restrict': return setInfo(group, { restrict: Boolean(value) });
    case 'member_add_mode': return setInfo(group, { memberAddMode: value ? 'all_member_add' : 'admin_add' });
    default: return notSimulated(`group property ${name}`)();
  }
}

async function sendExitGroup(chat: GroupLike): Promise<void> {
  const id = groupId(chat);
  await demand('group_leave', { id });
  const group = groups.get(id);
  const mine = group?.participants.mine();
  if (!group || !mine) return;
  group.participants.remove(mine);
  group.remember([mine.id], 'Left');
  chatOf(id).set({ isReadOnly: true, canSend: false });
}

async function inviteCode(group: GroupLike): Promise<string> {
  return (await demand('group_invite', { id: groupId(group) })).code;
}

async function resetGroupInviteCode(group: GroupLike): Promise<{ code: string }> {
  const { code } = await demand('group_invite', { id: groupId(group), revoke: true });
  return { code };
}

async function queryGroupInvite(code: string): Promise<GroupDescription> {
  return describe((await demand('group_invite_info', { code })).info);
}

async function joinGroupViaInvite(code: string): Promise<{ gid: Wid }> {
  const { id } = await demand('group_join', { code });
  takeGroup((await demand('group_info', { id })).info);
  return { gid: createWid(id) };
}

async function queryAllGroups(): Promise<GroupDescription[]> {
  const { groups: all } = await demand('groups', {});
  for (const info of all) takeGroup(info);
  return all.map(describe);
}

/**
 * One person, asked for in the form of the wire: whatsapp-web.js adds people in this way, one by one. No invitation is
 * ever offered in the place of adding, so the name of such an offer never comes back.
 */
async function sendAddParticipantsRPC(ask: { participantArgs: { participantJid: string }[]; iqTo: string }) {
  const people = ask.participantArgs.map(({ participantJid }) => createWid(participantJid));
  try {
    const [result] = await change('add', ask.iqTo, people);
    const refused = result && result.code !== 200;
    const mixin = refused ? { name: 'ParticipantRefused', value: { error: String(result.code) } } : undefined;
    return {
      name: 'AddParticipantsResponseSuccess',
      value: {
        addParticipant: [{
          addParticipantsParticipantAddedOrNonRegisteredWaUserParticipantErrorLidResponseMixinGroup: {
            value: { addParticipantsParticipantMixins: mixin },
          },
        }],
      },
    };
  } catch (error) {
    if (!(error instanceof ServerStatusCodeError)) throw error;
    // whatsapp-web.js looks for the success before it looks at the name.
    return {
      name: 'AddParticipantsResponseClientError',
      value: {
        addParticipant: [{
          addParticipantsParticipantAddedOrNonRegisteredWaUserParticipantErrorLidResponseMixinGroup: { value: {} },
        }],
        errorAddParticipantsClientErrors: { value: { code: String(error.statusCode) } },
      },
    };
  }
}

function groupId(group: GroupLike): string {
  return typeof group === 'object' && 'id' in group ? String(group.id) : String(group);
}

function personId(person: PersonLike): string {
  if (typeof person === 'string') return person;
  if ('phoneNumber' in person) return String(person.phoneNumber);
  return 'id' in person ? String(person.id) : String(person);
}

export const groupActionModules: ModuleTable = {
  // group.create. The error class is how wa-js recognises the module.
  WAWebGroupCreateJob: { createGroup, GroupAlreadyExistsError: class extends Error {} },
  // group.addParticipants
  WAWebGroupParticipantsJob: {
    addGroupParticipants: modify('add'),
    removeGroupParticipants: modify('remove'),
    promoteGroupParticipants: modify('promote'),
    demoteGroupParticipants: modify('demote'),
  },
  // group.removeParticipants, promoteParticipants, demoteParticipants
  WAWebModifyParticipantsGroupAction: {
    addParticipants: modify('add'),
    removeParticipants: modify('remove'),
    promoteParticipants: modify('promote'),
    demoteParticipants: modify('demote'),
    promoteCommunityParticipants: notSimulated('promoteCommunityParticipants'),
    demoteCommunityParticipants: notSimulated('demoteCommunityParticipants'),
  },
  // group.setSubject, setDescription, setProperty
  WAWebGroupModifyInfoJob: {
    setGroupSubject: (group: GroupLike, subject: string) => setInfo(group, { subject }),
    setGroupDescription: (group: GroupLike, desc: string) => setInfo(group, { desc }),
    setGroupProperty,
  },
  WAWebSetPropertyGroupAction: { setGroupProperty },
  // group.getAllGroups, getInviteCode, revokeInviteCode
  WAWebGroupQueryJob: {
    queryAllGroups,
    queryAndUpdateGroupMetadataById: async ({ id }: { id: string | Wid }) => groups.update(createWid(id)),
    queryGroupInvite,
    queryGroupInviteCode: async (group: GroupLike) => ({ code: await inviteCode(group) }),
    resetGroupInviteCode,
  },
  WAWebMexFetchGroupInviteCodeJob: { fetchMexGroupInviteCode: inviteCode },
  // group.getGroupInfoFromInviteCode
  WAWebQueryGroupInviteAction: {
    sendQueryGroupInvite: async (code: string) => ({ status: 200, groupInfo: await queryGroupInvite(code) }),
  },
  // group.join: wa-js wants both in one module.
  WAWebGroupInviteJob: { joinGroupViaInvite, resetGroupInviteCode },
  WAWebGroupInviteV4Job: { joinGroupViaInviteV4: notSimulated('joinGroupViaInviteV4') },
  // group.leave
  WAWebExitGroupAction: { sendExitGroup },
  WAWebGroupGatingUtils: { getGroupSizeLimit: () => GROUP_SIZE_LIMIT },
  WASmaxGroupsAddParticipantsRPC: { sendAddParticipantsRPC },
  // group.getMembershipRequests: nobody has to ask to be let in.
  WAWebApiMembershipApprovalRequestStore: { getMembershipApprovalRequests: async () => [] },
  WAWebMembershipApprovalRequestAction: {
    membershipApprovalRequestAction: notSimulated('membershipApprovalRequestAction'),
  },
  WASmaxGroupsMembershipRequestsActionRPC: {
    sendMembershipRequestsActionRPC: notSimulated('sendMembershipRequestsActionRPC'),
  },
};
