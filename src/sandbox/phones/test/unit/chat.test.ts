import assert from 'node:assert/strict';
import { test } from 'node:test';
import { learn, NOTHING_YET } from '../../src/api/watch';
import type { Chat, ChatHead, Message } from '../../src/api/shapes';
import { inviteCode, kindOfChat, STATUS } from '../../src/model/chat-id';
import { sortedMembers } from '../../src/model/group';
import { withHeads } from '../../src/model/heads';
import { PAGE, shortened, SHOWN_MAX, withEarlier, withEnd, withNews } from '../../src/model/history';
import { pressed, tally } from '../../src/model/poll';
import { reactionsOf } from '../../src/model/reactions';
import { bySeen } from '../../src/model/receipts';
import { typingWords } from '../../src/model/typing';

const ANA = '5511900000001';
const BEN = '5511987654321';

function message(id: string, more: Partial<Message> = {}): Message {
  return { wa_message_id: id, from_me: false, type: 'text', body: id, at: '2026-03-10T09:00:00Z', ack: 1, ...more };
}

function chat(ids: string, more: Partial<Chat> = {}): Chat {
  return { peer: BEN, name: 'Ben', unread: 0, messages: [...ids].map((id) => message(id)), ...more };
}

const ids = ({ messages }: Chat) => messages.map((one) => one.wa_message_id).join('');

test('the end of a chat told anew meets what was fetched before, or replaces it', () => {
  assert.equal(ids(withEnd(undefined, chat('cd'))), 'cd');
  const known = chat('abcd', { more: false });
  const met = withEnd(known, chat('cde', { more: true }));
  assert.deepEqual([ids(met), met.more], ['abcde', false], 'what is earlier is still known, and that there is nothing before it');
  assert.equal(met.messages[0], known.messages[0]);
  assert.equal(ids(withEnd(known, chat('xy', { more: true }))), 'xy', 'there is a gap between them');
  assert.equal(ids(withEnd(known, chat(''))), '', 'the chat was emptied');
  assert.equal(withEnd(known, chat('abcd', { more: true })).more, true, 'where the told end reaches as far, it knows');
});

test('news of a chat changes what is loaded, and appends what is new', () => {
  const known = chat('abc');
  const news = {
    peer: BEN, unread: 2, added: [message('c', { ack: 2 }), message('d')], changed: [message('b', { body: 'new' }), message('0')],
  };
  const after = withNews(known, news);
  assert.equal(ids(after), 'abcd', 'nothing twice, and nothing that is not loaded');
  assert.deepEqual([after.messages[1]?.body, after.messages[2]?.ack, after.unread], ['new', 2, 2]);
  assert.equal(after.messages[0], known.messages[0]);
});

test('earlier messages come in front, once each, and go again at the end', () => {
  const more = withEarlier(chat('cd', { more: true }), [message('a'), message('b'), message('c')], false);
  assert.deepEqual([ids(more), more.more], ['abcd', false]);
  assert.equal(shortened(more), more);
  const long = { ...chat(''), messages: Array.from({ length: SHOWN_MAX + 1 }, (_, n) => message(String(n))), more: false };
  const short = shortened(long);
  assert.deepEqual([short.messages.length, short.messages.at(-1)?.wa_message_id, short.more], [PAGE, String(SHOWN_MAX), true]);
});

test('the list of chats has the latest first', () => {
  const head = (peer: string, at: string): ChatHead => ({ peer, name: peer, unread: 0, last: message('x', { at }) });
  const list = [head('b', '2026-03-10T09:02:00Z'), head('a', '2026-03-10T09:01:00Z')];
  const changed = withHeads(list, [head('a', '2026-03-10T09:03:00Z')]);
  assert.deepEqual(changed.map(({ peer }) => peer), ['a', 'b']);
  assert.equal(changed[1], list[0]);
  assert.deepEqual(withHeads(list, [head('c', '2026-03-10T09:00:00Z')]).map(({ peer }) => peer), ['b', 'a', 'c']);
});

test('events of changes', () => {
  const phone = { phone: ANA, name: 'Ana', online: true, linked: [], created_at: '' };
  let world = learn(NOTHING_YET, 'phones', { data: [phone] });
  world = learn(world, 'phones_changed', { data: [{ ...phone, phone: BEN, name: 'Ben' }, { ...phone, online: false }] });
  assert.deepEqual(world.phones?.map(({ name, online }) => [name, online]), [['Ana', false], ['Ben', true]]);
  const before = learn(world, 'chat_changed', { phone: ANA, data: { peer: BEN, unread: 0, added: [message('a')], changed: [] } });
  assert.equal(before, world, 'changes of a chat that is not followed any more');
  world = learn(world, 'chat', { phone: ANA, data: chat('a') });
  world = learn(world, 'chat_changed', { phone: ANA, data: { peer: BEN, unread: 1, added: [message('b')], changed: [] } });
  assert.equal(ids(world.open[`${ANA}/${BEN}`]!), 'ab');
  const group = { id: '1203@g.us', subject: 'Cake', participants: [] } as unknown as Parameters<typeof learn<'group'>>[2]['data'];
  assert.equal(learn(world, 'group', { data: group }).groups['1203@g.us']?.subject, 'Cake');
});

test('kinds of chats, and invite links', () => {
  assert.deepEqual([ANA, '1203@g.us', STATUS].map(kindOfChat), ['person', 'group', 'status']);
  for (const link of ['AbC123', ' https://chat.whatsapp.com/AbC123 ', 'chat.whatsapp.com/AbC123', 'https://chat.whatsapp.com/invite/AbC123/']) {
    assert.equal(inviteCode(link), 'AbC123', link);
  }
  for (const other of ['', 'https://example.com/AbC123', 'two words']) assert.equal(inviteCode(other), undefined, other);
});

test('a poll is counted, and pressed', () => {
  const votes = [{ by: 'a', options: ['x', 'y'], at: '' }, { by: 'b', options: ['x'], at: '' }, { by: 'c', options: [], at: '' }];
  assert.deepEqual(tally(['x', 'y', 'z'], votes).map(({ voters, share }) => [voters.join(), share]),
    [['a,b', 1], ['a', 0.5], ['', 0]]);
  assert.deepEqual(pressed(['x'], 'y', 1), ['y']);
  assert.deepEqual(pressed(['x'], 'y', 0), ['x', 'y']);
  assert.deepEqual(pressed(['x', 'y'], 'z', 2), ['y', 'z']);
  assert.deepEqual(pressed(['x', 'y'], 'x', 1), ['y']);
});

test('reactions are gathered, receipts and members are sorted', () => {
  const reaction = (by: string, emoji: string) => ({ by, emoji, at: '' });
  assert.deepEqual(reactionsOf([reaction('a', '🔥'), reaction('b', '👍'), reaction('c', '👍'), reaction('d', '')]),
    [{ emoji: '👍', by: ['b', 'c'] }, { emoji: '🔥', by: ['a'] }]);
  const receipts = [{ phone: 'a', ack: 2, at: '1' }, { phone: 'b', ack: 3, at: '3' }, { phone: 'c', ack: 3, at: '2' }] as const;
  assert.deepEqual(bySeen(receipts.map((one) => ({ ...one }))).map(({ phone }) => phone), ['c', 'b', 'a']);
  const member = (phone: string, name: string, admin = false) => ({ phone, name, admin, creator: false });
  const members = [member('1', 'Zoe'), member('2', 'Ana'), member('3', 'Ben', true), member('4', 'Me')];
  assert.deepEqual(sortedMembers(members, '4').map(({ name }) => name), ['Me', 'Ben', 'Ana', 'Zoe']);
});

test('who is writing', () => {
  const names = (phone: string) => (phone === ANA ? 'Ana' : 'Ben');
  assert.equal(typingWords([]), undefined);
  assert.equal(typingWords([{ phone: ANA, state: 'composing' }]), 'typing…');
  assert.equal(typingWords([{ phone: ANA, state: 'recording' }], names), 'Ana is recording…');
  assert.equal(typingWords([{ phone: ANA, state: 'composing' }, { phone: BEN, state: 'composing' }], names), '2 people are typing…');
});
