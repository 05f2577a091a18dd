import './page-globals';
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { createWid } from '../../src/ids/wid';
import { blocklist, blocklistModules } from '../../src/modules/blocklist';
import { addressBookModules } from '../../src/modules/address-book';
import { findCountryCode, formatPhoneNumber } from '../../src/modules/by-name/people';
import { applySettings, changeChat, chatActionModules } from '../../src/modules/chat-actions';
import { chatModules, chatOf, chats, isListed } from '../../src/modules/chats';
import { Cmd } from '../../src/modules/connection';
import { contacts, lidTable } from '../../src/modules/contacts';
import { groupActionModules } from '../../src/modules/group-actions';
import { groupEvents } from '../../src/modules/group-events';
import { groups } from '../../src/modules/groups';
import { identity } from '../../src/modules/identity';
import { Msg, messages } from '../../src/modules/messages';
import { muteModules, mutes } from '../../src/modules/mute';
import { preferenceModules } from '../../src/modules/preferences';
import { presences } from '../../src/modules/presence';
import { pictures, profileModules } from '../../src/modules/profile';
import { statuses } from '../../src/modules/status';
import { MsgKey } from '../../src/ids/msg-key';
import type { GroupInfo, Participant } from '../../src/protocol';
import { History } from '../../src/runtime/history';
import { forgetPeople, peopleNews } from '../../src/runtime/people';
import { link } from '../../src/runtime/socket';

const [ME, BIA, CAI] = ['5511900000001@c.us', '5511900000002@c.us', '5511900000003@c.us'];
const GROUP = '120363000000000001@g.us';
const lid = (id: string) => `1${id.split('@')[0]}@lid`;

let asked: { verb: string; [field: string]: unknown }[] = [];
let notices: { verb: string; [field: string]: unknown }[] = [];
let answers: Record<string, unknown> = {};

function member(id: string, role: '' | 'admin' | 'creator' = ''): Participant {
  return { id, lid: lid(id), isAdmin: role !== '', isSuperAdmin: role === 'creator' };
}

function group(...participants: Participant[]): GroupInfo {
  return {
    id: GROUP, subject: 'Garden', subjectTime: 10, owner: ME, creation: 10, announce: false, restrict: false, participants,
  };
}

const call = (module: any, name: string, ...args: unknown[]) => module[name](...args);

beforeEach(() => {
  forgetPeople();
  messages.reset();
  identity.become({ pn: ME, lid: lid(ME), name: 'Ana' });
  lidTable.learn(BIA, lid(BIA));
  asked = [];
  notices = [];
  answers = {};
  Object.assign(link, {
    request: async (verb: string, ask: object) => {
      asked.push({ verb, ...ask });
      return answers[verb] ?? {};
    },
    notify: (verb: string, notice: object) => void notices.push({ verb, ...notice }),
  });
});

test('people are found by either of their ids', () => {
  const bia = contacts.take({ id: BIA, lid: lid(BIA), name: 'Bia Souza' });
  assert.equal(contacts.get(lid(BIA)), bia);
  assert.equal(contacts.get(createWid(lid(BIA))), bia);
  assert.deepEqual([bia.shortName, bia.pushname], ['Bia', 'Bia Souza']);
  contacts.take({ id: BIA, name: 'The gardener', pushname: 'Bia Souza' });
  assert.deepEqual([bia.name, bia.pushname], ['The gardener', 'Bia Souza']);
  assert.equal(contacts.get(lid(CAI)), undefined);
});

test('a number that is not on WhatsApp finds no place among the contacts', async () => {
  const nobody = await contacts.find('0005511@c.us');
  assert.equal(String(nobody.id), '0005511@c.us');
  assert.equal(contacts.length, 0);
});

test('what I may do in a group follows from who I am in it', () => {
  const cases: [mine: '' | 'admin' | 'creator', other: '' | 'admin' | 'creator', can: string][] = [
    ['', '', ''],
    ['admin', '', 'add remove promote'],
    ['admin', 'admin', 'add remove demote'],
    ['admin', 'creator', 'add'],
    ['creator', 'admin', 'add remove demote'],
  ];
  for (const [mine, other, can] of cases) {
    const { participants } = groups.take(group(member(ME, mine), member(BIA, other)));
    const bia = participants.get(BIA)!;
    const found = [
      participants.canAdd() && 'add', participants.canRemove(bia) && 'remove',
      participants.canPromote(bia) && 'promote', participants.canDemote(bia) && 'demote',
    ].filter(Boolean).join(' ');
    assert.equal(found, can, `${mine} and ${other}`);
    assert.equal(participants.iAmAdmin(), mine !== '');
  }
});

test('a group whose looks only admins change restricts its other members', () => {
  const taken = groups.take({ ...group(member(ME), member(BIA, 'creator')), restrict: true });
  assert.equal(taken.participants.iAmRestrictedMember(), true);
  assert.equal(taken.canSetSubject(), false);
  taken.fill({ ...group(member(ME), member(BIA, 'creator')), memberAddMode: 'all_member_add' });
  assert.equal(taken.canSetSubject(), true);
  assert.equal(taken.participants.canAdd(), true);
});

test('a group that is carried out of the page holds plain people', () => {
  const plain = groups.take(group(member(ME, 'creator'))).serialize() as any;
  assert.deepEqual(plain.participants, [{ id: createWid(ME), isAdmin: true, isSuperAdmin: true }]);
});

test('a group is asked for once, and told anew on demand', async () => {
  answers['group_info'] = { info: group(member(ME)) };
  await groups.find(createWid(GROUP));
  await groups.find(createWid(GROUP));
  assert.equal(asked.length, 1);
  await groups.update(createWid(GROUP));
  assert.equal(asked.length, 2);
});

test('a group that I have left keeps what is known of it', async () => {
  groups.take(group(member(BIA, 'creator')));
  assert.equal((await groups.update(createWid(GROUP))).subject, 'Garden');
  assert.equal(asked.length, 0);
});

test('a change of people is told through the module object, after the stores are up to date', () => {
  const heard: unknown[] = [];
  const original = groupEvents.updateDBForGroupAction;
  groupEvents.updateDBForGroupAction = async (change, action) => {
    const present = groups.get(GROUP)?.participants.get(BIA) !== undefined;
    heard.push([action.actionType, action.isInvite, String(change.author), action.participants.map(({ id }) => String(id)), present]);
  };
  const told = (action: any, by: string, ...participants: Participant[]) =>
    peopleNews.group?.({ t: 'group', info: group(...participants), action, by, participants: [BIA] });
  told('add', ME, member(ME, 'creator'), member(BIA));
  told('promote', ME, member(ME, 'creator'), member(BIA, 'admin'));
  told('leave', BIA, member(ME, 'creator'));
  told('invite', BIA, member(ME, 'creator'), member(BIA));
  told('subject', ME, member(ME, 'creator'), member(BIA));
  groupEvents.updateDBForGroupAction = original;
  assert.deepEqual(heard, [
    ['add', false, ME, [BIA], true],
    ['promote', false, ME, [BIA], true],
    ['remove', false, BIA, [BIA], false],
    ['add', true, BIA, [BIA], true],
  ]);
});

test('who has left is remembered until they come back', () => {
  peopleNews.group?.({ t: 'group', info: group(member(ME)), action: 'leave', by: BIA, participants: [BIA] });
  const { pastParticipants } = groups.get(GROUP)!;
  assert.equal(pastParticipants.get(BIA)?.leaveReason, 'Left');
  groups.take(group(member(ME), member(BIA)));
  assert.equal(pastParticipants.length, 0);
});

test('out of a group there is no writing', () => {
  peopleNews.group?.({ t: 'group', info: group(member(BIA)), action: 'remove', by: BIA, participants: [ME] });
  const chat = chats.get(GROUP)!;
  assert.deepEqual([chat.get('isReadOnly'), chat.get('canSend'), chat.name], [true, false, 'Garden']);
});

test('a refusal has the status that clients look for, and what the server lacks is not pretended', async () => {
  const { setGroupSubject, setGroupProperty } = groupActionModules['WAWebGroupModifyInfoJob'] as any;
  answers['group_set'] = { error: 'not-an-admin' };
  await assert.rejects(setGroupSubject(createWid(GROUP), 'x'), { name: 'ServerStatusCodeError', statusCode: 403 });
  answers['group_set'] = { error: 'unknown' };
  await assert.rejects(setGroupSubject(createWid(GROUP), 'x'), /not part of the sandbox/);
  await assert.rejects(setGroupProperty(createWid(GROUP), 'ephemeral', 86_400), /not part of the sandbox/);
});

test('whatsapp-web.js gets the result of adding somebody in the form of the wire', async () => {
  const { sendAddParticipantsRPC } = groupActionModules['WASmaxGroupsAddParticipantsRPC'] as any;
  const ask = { participantArgs: [{ participantJid: BIA.replace('c.us', 's.whatsapp.net') }], iqTo: GROUP };
  const mixins = (answer: any) => answer.value.addParticipant[0]
    .addParticipantsParticipantAddedOrNonRegisteredWaUserParticipantErrorLidResponseMixinGroup.value
    .addParticipantsParticipantMixins;
  answers['group_info'] = { info: group(member(ME, 'creator'), member(BIA)) };
  answers['group_participants'] = { results: [{ id: BIA, code: 200 }] };
  assert.equal(mixins(await sendAddParticipantsRPC(ask)), undefined);
  assert.deepEqual(asked[0], { verb: 'group_participants', id: GROUP, action: 'add', participants: [BIA] });
  answers['group_participants'] = { results: [{ id: BIA, code: 403 }] };
  assert.equal(mixins(await sendAddParticipantsRPC(ask)).value.error, '403');
  answers['group_participants'] = { error: 'not-an-admin' };
  const refused = await sendAddParticipantsRPC(ask);
  assert.equal(refused.name, 'AddParticipantsResponseClientError');
  assert.equal(refused.value.errorAddParticipantsClientErrors.value.code, '403');
});

test('the chat list has what is pinned first, then what was said last', () => {
  for (const [id, t, pin] of [[ME, 1, 0], [BIA, 5, 0], [CAI, 3, 9]] as const) chatOf(id).set({ t, pin });
  assert.deepEqual(chats.getModelsArray().map((chat) => String(chat.id)), [CAI, BIA, ME]);
});

test('settings of a chat are kept by the server, and shown', async () => {
  const chat = chatOf(BIA);
  await call(chatActionModules['WAWebSetArchiveChatAction'], 'setArchive', chat, true);
  await call(chatActionModules['WAWebSetPinChatAction'], 'setPin', chat, true);
  await call(chatActionModules['WAWebUpdateUnreadChatAction'], 'markUnread', chat, true);
  await chat.mute.mute({ expiration: -1 });
  assert.deepEqual([chat.archive, Boolean(chat.pin), chat.unreadCount, chat.get('muteExpiration')], [true, true, -1, -1]);
  assert.deepEqual(asked.map(({ verb }) => verb), ['chat_set', 'chat_set', 'chat_set', 'chat_set']);
  assert.equal(chat.mute.isMuted, true);
  await call(chatActionModules['WAWebUpdateUnreadChatAction'], 'sendSeen', { chat });
  assert.deepEqual(asked.at(-1), { verb: 'chat_set', chat: BIA, markedUnread: false });
  assert.equal(chat.unreadCount, 0);
});

test('wppconnect mutes by the names of inner fields', async () => {
  chatOf(BIA);
  const mute = mutes.get(BIA)!;
  assert.deepEqual([mute.__x_isMuted, mute.__x_expiration], [false, 0]);
  const { sendConversationMute } = muteModules['WAWebConversationMuteBridge'] as any;
  assert.deepEqual(await sendConversationMute(createWid(BIA), -1, 0), { status: 200 });
  assert.deepEqual([mute.__x_isMuted, chatOf(BIA).get('muteExpiration')], [true, -1]);
});

test('a chat that leaves the page as it stands says which one it is', () => {
  assert.equal(JSON.parse(JSON.stringify({ ...chatOf(BIA) })).id, BIA);
});

test('a refused setting is not shown', async () => {
  answers['chat_set'] = { error: 'bad-id' };
  await assert.rejects(call(chatActionModules['WAWebSetArchiveChatAction'], 'setArchive', chatOf(BIA), true));
  assert.equal(chatOf(BIA).archive, false);
});

function say(chat: string, id: string, more: object = {}): Msg {
  const msg = new Msg({
    id: new MsgKey({ fromMe: false, remote: chat, id }), type: 'chat', body: id, t: 1, isNewMsg: true, ...more,
  });
  chatOf(chat).append(msg);
  return messages.add(msg);
}

test('another device empties a chat, and removes it', () => {
  say(BIA, 'one');
  changeChat({ chat: BIA, clear: true });
  assert.deepEqual([chatOf(BIA).msgs.length, messages.length, chats.length], [0, 0, 1]);
  say(BIA, 'two');
  changeChat({ chat: BIA, remove: true });
  assert.deepEqual([messages.length, chats.length], [0, 0]);
  changeChat({ chat: BIA, remove: true });
  assert.equal(chats.length, 0);
});

test('an emptied chat keeps its stars where the caller wants it', async () => {
  say(BIA, 'plain');
  say(BIA, 'star', { star: true });
  const chat = chatOf(BIA);
  const { sendClear } = chatActionModules['WAWebChatClearBridge'] as any;
  assert.match(sendClear.toString(), /WAWebStateUtils/, 'wa-js knows it by its text');
  assert.deepEqual(await sendClear(chat, true), { status: 200 });
  assert.deepEqual(asked, [{ verb: 'forget', chat: BIA, ids: ['plain'] }]);
  assert.equal(chat.msgs.length, 1);
  await sendClear(chat, false);
  assert.deepEqual(asked.at(-1), { verb: 'chat_set', chat: BIA, clear: true });
});

test('a mark by hand goes without touching what was really unread', () => {
  const chat = chatOf(BIA).set('unreadCount', 3);
  applySettings(chat, { markedUnread: false });
  assert.equal(chat.unreadCount, 3);
});

test('a mark by hand stays where only what is old comes in', () => {
  applySettings(chatOf(BIA), { markedUnread: true });
  new History({ take: () => undefined }).takeChat(BIA, []);
  assert.equal(chatOf(BIA).unreadCount, -1);
});

test('what another device has seen is not unread here', () => {
  chatOf(BIA).set('unreadCount', 3);
  peopleNews.chat_set?.({ t: 'chat_set', chat: BIA, markedUnread: false });
  assert.equal(chatOf(BIA).unreadCount, 0);
});

test('a chat is called as its person is called now', () => {
  const chat = chatOf(BIA).set('name', 'Bia');
  peopleNews.contact?.({ t: 'contact', id: BIA, name: 'The gardener', pushname: 'Bia' });
  assert.equal(chat.formattedTitle, 'The gardener');
  contacts.get(BIA)?.call(undefined);
  assert.equal(chat.formattedTitle, 'Bia');
});

test('blocking asks the server, and one event tells the new list', async () => {
  let synced = 0;
  blocklist.on('sort', () => (synced += 1));
  answers['block'] = { ids: [BIA] };
  await call(blocklistModules['WAWebBlockContactAction'], 'blockContact', { contact: contacts.getOrAdd(createWid(BIA)) });
  assert.equal(contacts.get(BIA)?.isContactBlocked, true);
  assert.ok(blocklist.get(lid(BIA)));
  peopleNews.blocklist?.({ t: 'blocklist', ids: [] });
  assert.equal(contacts.get(BIA)?.isContactBlocked, false);
  assert.equal(synced, 2);
  blocklist.off('sort');
});

test('somebody saved has a name, and somebody deleted has none', async () => {
  await call(addressBookModules['WAWebSaveContactAction'], 'saveContactAction', {
    phoneNumber: BIA.split('@')[0], firstName: 'Bia', lastName: 'Souza',
  });
  assert.deepEqual(asked, [{ verb: 'contact_save', id: BIA, name: 'Bia Souza' }]);
  assert.equal(contacts.get(BIA)?.isAddressBookContact, 1);
  await call(addressBookModules['WAWebDeleteContactAction'], 'deleteContactAction', { phoneNumber: createWid(BIA) });
  assert.deepEqual([contacts.get(BIA)?.name, contacts.get(BIA)?.isAddressBookContact], [undefined, 0]);
});

test('groups in common are counted anew each time', async () => {
  const bia = contacts.getOrAdd(createWid(BIA));
  const { findCommonGroups } = addressBookModules['WAWebFindCommonGroupsContactAction'] as any;
  assert.equal((await findCommonGroups(bia)).length, 0);
  groups.take(group(member(ME), member(BIA)));
  assert.deepEqual((await findCommonGroups(bia)).map((chat: any) => String(chat.id)), [GROUP]);
  groups.take(group(member(BIA)));
  assert.equal((await findCommonGroups(bia)).length, 0, 'I am out');
});

test('a filter of the chat list is taken through the method that wa-js wraps', () => {
  const heard: unknown[] = [];
  const { SearchQuery } = chatModules['WAWebChatSearchQuery'] as any;
  const original = SearchQuery.prototype.updateLabelQuery;
  SearchQuery.prototype.updateLabelQuery = (filter: unknown) => heard.push(filter);
  (Cmd as any).setActiveFilter('unread');
  (Cmd as any).setActiveFilter();
  SearchQuery.prototype.updateLabelQuery = original;
  assert.deepEqual(heard, [{ kind: 'unread', label: undefined }, undefined]);
});

test('the list shows what the filter and the getter that wa-js wraps let through', () => {
  groups.take(group(member(ME)));
  for (const id of [BIA, CAI, GROUP, 'status@broadcast']) chatOf(id);
  chatOf(CAI).set('unreadCount', 2);
  const listed = () => chats.toArray().filter(isListed).map((chat) => String(chat.id)).sort();
  assert.deepEqual(listed(), [GROUP, BIA, CAI]);
  (Cmd as any).setActiveFilter('unread');
  assert.deepEqual(listed(), [CAI]);
  (Cmd as any).setActiveFilter();
  const getters = chatModules['WAWebChatGetters'] as any;
  const original = getters.getShouldAppearInList;
  getters.getShouldAppearInList = (chat: any) => chat.id.isGroup();
  assert.deepEqual(listed(), [GROUP]);
  getters.getShouldAppearInList = original;
});

test('typing shows where it happens, and ends with a pause', () => {
  const heard: unknown[] = [];
  presences.on('change:chatstate.type', (chatstate: any) => heard.push(chatstate.type));
  const tell = (state: string | undefined, chat?: string, online = true) =>
    peopleNews.presence?.({ t: 'presence', id: BIA, online, ...(state && { state }), ...(chat && { chat }) });
  tell('composing');
  tell('paused');
  tell('recording', GROUP);
  const inGroup = presences.get(GROUP)!.chatstates.get(BIA)?.type;
  tell('paused', GROUP);
  tell(undefined, undefined, false);
  presences.off('change:chatstate.type');
  assert.deepEqual(heard, ['composing', 'available', 'recording', 'available', 'unavailable']);
  assert.equal(inGroup, 'recording');
  assert.ok(presences.get(BIA)!.chatstate.t, 'last seen');
});

test('who asks whether somebody is online gets the answer with it', async () => {
  const asking = presences.find(BIA);
  assert.deepEqual(notices, [{ verb: 'presence_sub', id: BIA }]);
  peopleNews.presence?.({ t: 'presence', id: BIA, online: true });
  assert.equal((await asking).isOnline, true);
});

test('status posts stand under who wrote them, and looking at one is told', async () => {
  const post = say('status@broadcast', 'post', { author: createWid(BIA) });
  const status = statuses.get(lid(BIA))!;
  assert.deepEqual([status.totalCount, status.unreadCount], [1, 1]);
  await status.sendReadStatus(post);
  assert.deepEqual(notices, [{ verb: 'played', chat: 'status@broadcast', ids: ['post'], author: BIA }]);
  assert.equal(status.unreadCount, 0);
  post.set('type', 'revoked');
  assert.equal(status.totalCount, 0);
});

test('only my own picture, and those of groups that I may change, can be set', () => {
  groups.take({ ...group(member(ME), member(BIA, 'creator')), restrict: true });
  const can = (id: string) => pictures.getOrAdd(createWid(id)).show('/media/a').canDelete();
  assert.deepEqual([can(ME), can(BIA), can(GROUP)], [true, false, false]);
  assert.equal(pictures.get(ME)?.img, 'https://web.whatsapp.com/media/a');
});

test('a picture that is asked for leaves the page', async () => {
  const { requestProfilePicFromServer } = profileModules['WAWebContactProfilePicThumbBridge'] as any;
  answers['picture'] = { url: '/media/a' };
  const picture = structuredClone({ ...(await requestProfilePicFromServer({ id: createWid(BIA) })), id: undefined });
  assert.equal(picture.eurl, 'https://web.whatsapp.com/media/a');
  answers['picture'] = {};
  assert.equal(await requestProfilePicFromServer(createWid(BIA)), undefined);
});

test('preferences outlive the page', () => {
  const prefs = preferenceModules['WAWebUserPrefsGeneral'] as any;
  assert.deepEqual([prefs.getTheme(), prefs.getAutoDownloadVideos()], ['light', true]);
  prefs.setTheme('dark');
  prefs.setAutoDownloadVideos(false);
  assert.deepEqual([prefs.getTheme(), prefs.getAutoDownloadVideos(), prefs.getAutoDownloadAudio()], ['dark', false, true]);
  assert.equal(JSON.parse(localStorage.getItem('sandbox-preferences') ?? '').theme, 'dark');
});

test('numbers of some countries are written as people there write them', () => {
  for (const [digits, code] of [['5511987654321', '55'], ['14155550100', '1'], ['351912345678', '351']] as const) {
    assert.equal(findCountryCode(digits), code);
  }
  const spelled = [
    ['351912345678', '+351 912345678'], ['14155550100', '+1 (415) 555-0100'],
    ['5511987654321', '+55 11 98765-4321'], ['551133334444', '+55 11 3333-4444'],
  ] as const;
  for (const [digits, text] of spelled) assert.equal(formatPhoneNumber(`${digits}@s.whatsapp.net`), text);
});
