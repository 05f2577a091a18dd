import './page-globals';
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Attributes } from '../../src/base/model';
import { MsgKey } from '../../src/ids/msg-key';
import { createWid } from '../../src/ids/wid';
import { chatOf } from '../../src/modules/chats';
import { Socket } from '../../src/modules/connection';
import { lidTable } from '../../src/modules/contacts';
import { editModules } from '../../src/modules/edits';
import { forwardModules } from '../../src/modules/forward';
import { groups } from '../../src/modules/groups';
import { identity } from '../../src/modules/identity';
import { Msg, addAndSendMsgToChat, contentOf, messageModules, messages, namedMessageModules } from '../../src/modules/messages';
import { pollModules, sendVote, votesFor } from '../../src/modules/polls';
import { reactionModules, reactionsStore } from '../../src/modules/reactions';
import type { Push, RawMessage } from '../../src/protocol';
import { History } from '../../src/runtime/history';
import { ingest } from '../../src/runtime/inbound';
import type { Inbox } from '../../src/runtime/inbox';
import { report } from '../../src/runtime/news';
import { outbox } from '../../src/runtime/outbox';
import { forgetPeople } from '../../src/runtime/people';
import { SeenMessages, seen } from '../../src/runtime/seen';
import { link } from '../../src/runtime/socket';
import { resume } from '../../src/runtime/sync';

const [ME, BIA, CAI] = ['5511900000001@c.us', '5511900000002@c.us', '5511900000003@c.us'];
const GROUP = '120363000000000001@g.us';

let asked: { verb: string; [field: string]: any }[] = [];
let answers: Record<string, any> = {};

beforeEach(() => {
  forgetPeople();
  messages.reset();
  messages.onIncoming(ingest);
  identity.become({ pn: ME, lid: '991@lid', name: 'Ana' });
  lidTable.learn(BIA, '992@lid');
  seen.record = new SeenMessages(undefined, () => undefined);
  asked = [];
  answers = {};
  Object.assign(link, {
    request: async (verb: string, ask: object) => {
      asked.push({ verb, ...ask });
      return answers[verb] ?? { at: 100 };
    },
    notify: (verb: string, notice: object) => void asked.push({ verb, ...notice }),
  });
  outbox.resume();
});

const settled = () => new Promise((resolve) => setTimeout(resolve));
const raw = (id: string, t: number, more: object = {}): RawMessage => ({ id, t, type: 'chat', body: id, ...more });
const told = (push: Push) => report(push);
const get = (id: string, chat = BIA) => messages.locate(createWid(chat), id) as Msg;
const call = (module: any, name: string, ...args: unknown[]) => module[name](...args);
const own = (content: Attributes, chat = BIA) => ({
  id: new MsgKey({ fromMe: true, remote: chat, id: `3EB0${Math.random()}` }), from: identity.phone, to: createWid(chat),
  t: Math.floor(Date.now() / 1000), ack: 0, type: 'chat', ...content,
});

test('only the fields of its type travel', () => {
  const content = (fields: Attributes) => contentOf(new Msg(own(fields)));
  assert.deepEqual(content({ body: 'Hi', local: true, caption: 'x', isForwarded: false, title: undefined }), { type: 'chat', body: 'Hi' });
  assert.deepEqual(
    content({ type: 'ptt', directPath: '/media/ab12', mimetype: 'audio/ogg', waveform: new Uint8Array([1, 2]), duration: 0 }),
    { type: 'ptt', mediaId: 'ab12', mimetype: 'audio/ogg', waveform: [1, 2], duration: 0 },
  );
  assert.equal(content({ type: 'sticker', directPath: '/media/ab12' })?.['mimetype'], 'image/webp');
  assert.equal(content({ type: 'event_creation' }), undefined);
});

test('a reply carries a short form of what it answers', () => {
  const picture = new Msg(own({ type: 'image', directPath: '/media/ab', body: 'x'.repeat(5_000), caption: 'Look' }));
  const { quotedMsg, quotedStanzaID } = picture.msgContextInfo(createWid(BIA));
  assert.deepEqual(quotedMsg, { type: 'image', caption: 'Look' });
  assert.equal(quotedStanzaID, picture.id.id);
});

test('what cannot be sent fails, and says so', async () => {
  assert.throws(() => addAndSendMsgToChat(chatOf(BIA), own({ type: 'event_creation' })), /event_creation is not part of the sandbox/);
  assert.equal(messages.length, 0, 'nor is it shown');
  answers['send'] = { error: '463' };
  const [shown, refused] = addAndSendMsgToChat(chatOf(BIA), own({ body: 'x' }));
  assert.equal((await refused).messageSendResult, 'ERROR_UNKNOWN');
  assert.equal((await shown).ack, -1);
});

test('history stands in the order of time, whichever part comes first', async () => {
  const history = new History({ take: () => undefined });
  seen.record = new SeenMessages({ horizon: 1_000, times: [] }, () => undefined);
  history.takeChat(BIA, [raw('e', 50), raw('f', 60)]);
  history.expect(2);
  history.take({ chats: [{ id: BIA, msgs: [raw('c', 30), raw('d', 50)] }] });
  assert.equal(chatOf(BIA).msgs.length, 2, 'frames wait until the page is ready for them');
  const begun = history.begin();
  history.take({ chats: [{ id: BIA, msgs: [raw('a', 10), raw('b', 20)] }] });
  await begun;
  await history.whole();
  assert.equal(chatOf(BIA).msgs.map((msg) => msg.body).join(''), 'abcdef');
  assert.equal(chatOf(BIA).lastReceivedKey?.id, 'f');
  assert.equal(messages.length, 6);
});

test('a page that comes back to more history than it has settles once that is in', async () => {
  const inbox = { take: () => undefined, open: () => undefined } as unknown as Inbox;
  const history = new History(inbox);
  history.expect(1);
  Socket.set('hasSynced', false);
  resume({
    me: { pn: ME, lid: '991@lid', name: 'Ana' }, contacts: [], chats: [], groups: [], blocklist: [], historyFrames: 1, syncMs: 0,
  }, { inbox, history });
  await settled();
  assert.equal(Socket.hasSynced, false);
  history.take({ chats: [{ id: BIA, msgs: [] }] });
  await settled();
  assert.equal(Socket.hasSynced, true);
});

test('what nobody has reported yet is news, wherever in the history it comes', () => {
  const news: Push[] = [];
  const history = new History({ take: (push) => news.push(push) });
  seen.record = new SeenMessages({ horizon: 40, times: [['known', 45]] }, () => undefined);
  chatOf(BIA).set('unreadCount', 2);
  history.takeChat(BIA, [raw('old', 10), raw('known', 45), raw('new', 50)]);
  assert.deepEqual(news.map((push) => (push as any).raw.id), ['new']);
  assert.equal(chatOf(BIA).unreadCount, 1, 'the news raises it again itself');
});

test('earlier messages are asked for until there are none', async () => {
  told({ t: 'msg', chat: BIA, raw: raw('z', 90) });
  answers['history'] = { msgs: [raw('x', 70), raw('y', 80)], more: false };
  const load = () => call(namedMessageModules['WAWebChatLoadMessages'], 'loadEarlierMsgs', { chat: chatOf(BIA) });
  assert.deepEqual((await load()).map((msg: Msg) => msg.id.id), ['x', 'y']);
  assert.equal(asked.find((ask) => ask.verb === 'history')?.['before'], 'z');
  assert.deepEqual(await load(), []);
  const { messages: found } = await call(messageModules['WAWebDBMessageFindLocal'], 'msgFindBefore', { anchor: get('z').id, count: 5 });
  assert.deepEqual(found.map((msg: Msg) => msg.id.id), ['x', 'y']);
});

test('ten thousand messages are taken in at once', () => {
  const many = Array.from({ length: 10_000 }, (_, index) => raw(`m${index}`, index, { fromMe: index % 2 === 0 }));
  seen.record = new SeenMessages({ horizon: 20_000, times: [] }, () => undefined);
  const began = performance.now();
  const history = new History({ take: () => undefined });
  for (let at = many.length; at > 0; at -= 500) history.takeChat(BIA, many.slice(at - 500, at));
  messages.reset();
  assert.ok(performance.now() - began < 3_000);
});

test('an edit changes the text, or the caption of a file', async () => {
  told({ t: 'msg', chat: BIA, raw: raw('text', 10) });
  told({ t: 'msg', chat: BIA, raw: raw('photo', 10, { type: 'image', mediaId: 'ab', mimetype: 'image/jpeg', body: 'thumb', caption: 'a' }) });
  const heard: unknown[] = [];
  messages.on('change:latestEditMsgKey', (msg: Msg) => heard.push(msg.caption ?? msg.body));
  for (const id of ['text', 'photo']) told({ t: 'edited', chat: BIA, id, fromMe: false, editId: `e-${id}`, body: 'new', at: 20 });
  assert.deepEqual([get('text').body, get('photo').caption, get('photo').body], ['new', 'new', 'thumb']);
  assert.deepEqual(heard, ['new', 'new'], 'the text is there when the edit is told');
});

test('only a young text of mine may be edited', () => {
  const { canEditText, canEditCaption } = editModules['WAWebMsgActionCapability'] as any;
  const now = Math.floor(Date.now() / 1000);
  const msg = (more: object) => new Msg({ ...own({ body: 'x' }), ack: 1, ...more });
  assert.equal(canEditText(msg({})), true);
  assert.equal(canEditText(msg({ t: now - 16 * 60 })), false);
  assert.equal(canEditText(msg({ ack: -1 })), false);
  assert.equal(canEditCaption(msg({ type: 'document' })), true);
});

test('of a message that was taken back nothing is left, and it is no edit', async () => {
  told({ t: 'msg', chat: BIA, raw: raw('x', 10, { type: 'image', mediaId: 'ab', mimetype: 'image/jpeg', caption: 'secret' }) });
  const msg = get('x');
  const types: unknown[] = [];
  messages.on('change:caption change:body', (changed: Msg) => types.push(changed.type));
  told({ t: 'revoked', chat: BIA, id: 'x', fromMe: false, revokeId: 'r', by: BIA, at: 20 });
  await settled();
  assert.equal(msg.type, 'revoked');
  assert.deepEqual([msg.caption, msg.get('directPath'), msg.mediaData], [undefined, undefined, undefined]);
  assert.ok(types.every((type) => type === 'revoked'));
  assert.equal(String(msg.get('protocolMessageKey')), String(msg.id));
});

test('deleted here, a message is gone from its chat, and the chat ends with the one before', async () => {
  told({ t: 'msg', chat: BIA, raw: raw('a', 10) });
  told({ t: 'msg', chat: BIA, raw: raw('b', 20) });
  told({ t: 'forgotten', chat: BIA, ids: ['b'] });
  assert.equal(messages.length, 1);
  assert.equal(chatOf(BIA).lastReceivedKey?.id, 'a');
});

test('one person has one reaction, and an empty one takes it away', async () => {
  told({ t: 'msg', chat: BIA, raw: raw('x', 10) });
  const react = (id: string, by: string, emoji: string) =>
    told({ t: 'reaction', chat: BIA, id: 'x', fromMe: false, reaction: { id, by, emoji, t: 20 } });
  react('1', BIA, '👍');
  react('2', ME, '👍');
  react('3', BIA, '🎉');
  const groupsOf = () => reactionsStore.get(get('x').id)?.reactions.map((one) => [one.aggregateEmoji, one.hasReactionByMe]);
  assert.deepEqual(groupsOf(), [['👍', true], ['🎉', false]]);
  react('4', ME, '');
  react('5', BIA, '');
  assert.deepEqual(groupsOf(), []);
  assert.equal(get('x').get('hasReaction'), false);
});

test('clients that wrap the reaction functions hear of new ones alone', async () => {
  const heard: unknown[] = [];
  const actions = reactionModules['WAWebReactionsMsgAction'] as any;
  const table = (reactionModules['WAWebAddonReactionTableMode'] as any).reactionTableMode;
  const [before, beforeRows] = [actions.addOrUpdateReactionsModelCollection, table.bulkUpsert];
  actions.addOrUpdateReactionsModelCollection = (data: any, isNew: boolean) => (isNew && heard.push(data.reactionText), before(data, isNew));
  table.bulkUpsert = async (rows: any[]) => (heard.push(String(rows[0].reactionParentKey)), rows);
  told({ t: 'msg', chat: BIA, raw: raw('x', 10, { reactions: [{ id: '1', by: BIA, emoji: '👍', t: 10 }] }) });
  await call(reactionModules['WAWebSendReactionMsgAction'], 'sendReactionToMsg', get('x'), '🎉');
  Object.assign(actions, { addOrUpdateReactionsModelCollection: before });
  Object.assign(table, { bulkUpsert: beforeRows });
  assert.deepEqual(heard, ['🎉', `false_${BIA}_x`]);
  assert.equal(asked.find((ask) => ask.verb === 'react')?.['emoji'], '🎉');
});

test('a vote names options, replaces the one before, and can be empty', async () => {
  const pollOptions = [{ name: 'Beach', localId: 0 }, { name: 'Hills', localId: 1 }];
  told({ t: 'msg', chat: BIA, raw: raw('p', 10, { type: 'poll_creation', pollName: 'Where?', pollOptions }) });
  const poll = get('p');
  await sendVote(poll, new Set([1]));
  assert.deepEqual(asked.find((ask) => ask.verb === 'vote')?.['options'], ['Hills']);
  told({ t: 'vote', chat: BIA, id: 'p', fromMe: false, vote: { id: 'v', by: BIA, options: ['Beach', 'Hills'], t: 20 } });
  const chosen = () => votesFor(poll.id).map((row) => row.selectedOptionLocalIds);
  assert.deepEqual(chosen(), [[1], [0, 1]]);
  told({ t: 'vote', chat: BIA, id: 'p', fromMe: false, vote: { id: 'w', by: BIA, options: [], t: 30 } });
  assert.deepEqual(chosen(), [[1], []]);
  const rows = await call(pollModules['WAWebPollsGetVotes'], 'getVotes', [poll.id]);
  assert.deepEqual(rows.map((row: any) => String(row.sender)), [ME, BIA]);
});

test('a message to a group has come as far as it has for everybody', async () => {
  groups.take({
    id: GROUP, subject: 'Garden', subjectTime: 1, owner: ME, creation: 1, announce: false, restrict: false,
    participants: [ME, BIA, CAI].map((id) => ({ id, lid: `9${id.slice(12, 13)}@lid`, isAdmin: false, isSuperAdmin: false })),
  });
  told({ t: 'msg', chat: GROUP, raw: raw('x', 10, { fromMe: true, ack: 1 }) });
  told({ t: 'receipt', chat: GROUP, ids: ['x'], ack: 3, participant: BIA, all: 1, t2: 20 });
  const msg = get('x', GROUP);
  assert.equal(msg.ack, 1);
  told({ t: 'receipt', chat: GROUP, ids: ['x'], ack: 2, participant: CAI, all: 2, t2: 30 });
  assert.equal(msg.ack, 2);
  const info = await call(namedMessageModules['WAWebApiMessageInfoStore'], 'queryMsgInfo', msg.id);
  assert.deepEqual(info.delivery.map((line: any) => [String(line.id), line.t]), [[BIA, 20], [CAI, 30]]);
  assert.deepEqual([info.readRemaining, info.playedRemaining], [1, 2]);
});

test('a voice note of somebody else can be marked as played, once', async () => {
  told({ t: 'msg', chat: GROUP, raw: raw('x', 10, { type: 'ptt', mediaId: 'ab', mimetype: 'audio/ogg', author: BIA }) });
  const { markPlayed, canMarkPlayed } = messageModules['WAWebMarkPlayed'] as any;
  await markPlayed(get('x', GROUP));
  assert.deepEqual(asked.filter((ask) => ask.verb === 'played'), [{ verb: 'played', chat: GROUP, ids: ['x'], author: BIA }]);
  assert.equal(canMarkPlayed(get('x', GROUP)), false);
});

test('a forwarded message leaves its conversation behind and counts', async () => {
  told({ t: 'msg', chat: BIA, raw: raw('x', 10, { forwardingScore: 4, isForwarded: true, quotedStanzaID: 'q', mentionedJidList: [CAI] }) });
  const results = await call(forwardModules['WAWebChatForwardMessage'], 'forwardMessages', { chat: chatOf(CAI), msgs: [get('x')], appendedText: 'See?' });
  assert.deepEqual(results.map((result: any) => result.messageSendResult), ['OK', 'OK']);
  const sent = asked.filter((ask) => ask.verb === 'send').map((ask) => ask['msg']);
  assert.deepEqual(sent, [
    { type: 'chat', body: 'x', isForwarded: true, forwardingScore: 5 }, { type: 'chat', body: 'See?' },
  ]);
});

test('what is quoted is found, or made from the quote', () => {
  const { getQuotedMsgObj } = messageModules['WAWebQuotedMsgModelUtils'] as any;
  const quote = { quotedStanzaID: 'q', quotedParticipant: ME, quotedMsg: { type: 'chat', body: 'as quoted' } };
  told({ t: 'msg', chat: BIA, raw: raw('x', 20, quote) });
  assert.equal(getQuotedMsgObj(get('x')).body, 'as quoted');
  assert.equal(getQuotedMsgObj(get('x')).id.fromMe, true);
  told({ t: 'msg', chat: BIA, raw: raw('q', 10, { fromMe: true, body: 'itself' }) });
  assert.equal(getQuotedMsgObj(get('x')).body, 'itself');
  assert.equal(getQuotedMsgObj(get('q')), undefined);
});

test('a search looks at texts and captions, not at the bytes of pictures', async () => {
  told({ t: 'msg', chat: BIA, raw: raw('1', 10, { body: 'Good MORNING' }) });
  told({ t: 'msg', chat: BIA, raw: raw('2', 20, { type: 'image', mediaId: 'a', mimetype: 'image/jpeg', body: 'morning', caption: 'x' }) });
  told({ t: 'msg', chat: CAI, raw: raw('3', 30, { type: 'image', mediaId: 'a', mimetype: 'image/jpeg', caption: 'In the morning' }) });
  const found = async (...args: [string, number?, number?, string?]) => (await messages.search(...args)).messages.map((msg) => msg.id.id);
  assert.deepEqual(await found('morning'), ['3', '1']);
  assert.deepEqual(await found('morning', 2, 1), ['1']);
  assert.deepEqual(await found('morning', 1, 9, CAI), ['3']);
});

test('after a break, what has happened to known messages is caught up', async () => {
  told({ t: 'msg', chat: BIA, raw: raw('a', 10, { fromMe: true, ack: 1 }) });
  told({ t: 'msg', chat: BIA, raw: raw('b', 20) });
  const history = new History({ take: () => undefined });
  history.takeChat(BIA, [
    raw('a', 10, { fromMe: true, ack: 3, body: 'better', edit: { id: 'e', t: 30 }, reactions: [{ id: 'r', by: BIA, emoji: '👍', t: 30 }], starred: true }),
    raw('b', 20, { revoked: { id: 'r', by: BIA, t: 30 } }),
  ]);
  await settled();
  assert.deepEqual([get('a').ack, get('a').body, get('a').star, get('b').type], [3, 'better', true, 'revoked']);
  assert.equal(reactionsStore.get(get('a').id)?.reactions.length, 1);
});
