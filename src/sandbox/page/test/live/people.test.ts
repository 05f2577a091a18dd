/** Groups, people, presence, status posts and settings of chats, with the unmodified wa-js on a sandbox that runs. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from './browser';
import { LinkedPage, Person, control } from './sandbox';

const maria = new Person('5511900000301', 'Maria');
const anna = new Person('5511900000302', 'Anna');
const ben = new Person('5511900000303', 'Ben');
const page = new LinkedPage();
const EVENTS = ['group.participant_changed', 'chat.presence_change', 'blocklist.sync'];

/** The group that Maria makes, and the tests use. */
let group = '';

before(async () => {
  for (const person of [maria, anna, ben]) await person.create();
  await page.link(maria);
  await listen();
});
after(() => page.close());

/** wa-js tells these from now on, beside those that every page tells. */
async function listen(): Promise<void> {
  for (const name of EVENTS) {
    await page.ask(`WPP.on('${name}', (data) => report('${name}', JSON.stringify(data ?? null)))`);
  }
}

/** Calls wa-js, and fails where it fails. What it answers leaves the page as plain data. */
const call = (name: string, ...args: unknown[]) =>
  page.ask(`Promise.resolve(WPP.${name}(...${JSON.stringify(args)})).then((value) => value === undefined ? null : JSON.parse(JSON.stringify(value)))`);
const becomes = (what: string, expression: string, value: unknown) =>
  until(what, async () => JSON.stringify(await page.ask(expression)) === JSON.stringify(value));
const groupChat = (field: string) => `WPP.chat.get('${group}')?.${field} ?? null`;
const kept = () => control('GET', `/groups/${group}`);
const numbers = (info: any) => info.participants.map((one: any) => one.phone).sort();
const show = (person: Person) => control('GET', `/phones/${person.number}`);
const change = (action: string, ...people: Person[]) => control('POST', `/groups/${group}/participants`, {
  by: anna.number, action, phones: people.map(({ number }) => number),
});

/** A picture as a data URL. */
const drawing = (colour: string) => page.ask<string>(`(() => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 700, height: 700 });
  const context = canvas.getContext('2d');
  context.fillStyle = '${colour}';
  context.fillRect(0, 0, 700, 700);
  return canvas.toDataURL('image/png');
})()`);
/** The picture at this address, as the page sees it. */
const loads = (url: string) => page.ask<string>(`fetch('${url}').then((answer) => answer.headers.get('content-type'))`);

test('a group that the page makes is there for everybody in it', async () => {
  const made = await call('group.create', 'Garden', [anna.id, ben.id]);
  group = made.gid;
  assert.equal(made.participants[anna.id].code, 200);
  assert.deepEqual(numbers(await kept()), [maria.number, anna.number, ben.number].sort());
  assert.equal(await page.ask(groupChat('formattedTitle')), 'Garden');
  assert.equal(await call('group.iAmAdmin', group), true);
  await becomes('the group in common', `WPP.contact.getCommonGroups('${anna.id}').then((ids) => ids.map(String))`, [group]);
});

test('rights and settings that the page changes are those of the group', async () => {
  await call('group.promoteParticipants', group, [anna.id]);
  assert.ok((await kept()).participants.find((one: any) => one.phone === anna.number).admin);
  await call('group.setSubject', group, 'Garden club');
  await call('group.setDescription', group, 'Every Sunday');
  await call('group.setProperty', group, 'announcement', true);
  const { subject, description, announce } = await kept();
  assert.deepEqual([subject, description, announce], ['Garden club', 'Every Sunday', true]);
  await call('group.setProperty', group, 'announcement', false);
});

test('what happens to the people of a group is told, with who did it', async () => {
  const told = (action: string, author: Person, who: Person) => page.heard('group.participant_changed', (event) =>
    event.groupId === group && event.action === action && event.author === author.id && event.participants.includes(who.id));
  await change('promote', ben);
  await told('promote', anna, ben);
  await change('demote', ben);
  await told('demote', anna, ben);
  await change('remove', ben);
  await told('remove', anna, ben);
  const { code } = await control('GET', `/groups/${group}/invite?by=${anna.number}`);
  assert.equal(await call('group.getInviteCode', group), code);
  await control('POST', '/groups/join', { phone: ben.number, code });
  await told('join', ben, ben);
  await control('POST', `/groups/${group}/leave`, { phone: ben.number });
  await told('leave', ben, ben);
  await change('add', ben);
  await told('add', anna, ben);
  const notices = await page.ask<string[]>(`WPP.chat.get('${group}').msgs.getModelsArray().map((msg) => msg.subtype)`);
  assert.deepEqual(notices?.slice(-6), ['promote', 'demote', 'remove', 'invite', 'leave', 'add']);
});

test('what others set in a group shows', async () => {
  await control('PATCH', `/groups/${group}`, { by: anna.number, subject: 'Vegetables', restrict: true });
  await becomes('the subject', groupChat('formattedTitle'), 'Vegetables');
  await becomes('the restriction', groupChat('groupMetadata.restrict'), true);
});

test('somebody thrown out reads on, and writes no more', async () => {
  const { id } = await control('POST', '/groups', {
    creator: anna.number, subject: 'Secret', participants: [maria.number, ben.number],
  });
  await becomes('the group', `WPP.chat.get('${id}')?.canSend ?? null`, true);
  await control('POST', `/groups/${id}/participants`, { by: anna.number, action: 'remove', phones: [maria.number] });
  await becomes('the end of it', `WPP.chat.get('${id}')?.isReadOnly ?? null`, true);
  assert.equal(await call('group.iAmMember', id), false);
  assert.equal(await page.ask(`WPP.chat.get('${id}').formattedTitle`), 'Secret');
});

test('a picture that the page sets is the one that others see, until it is taken away', async () => {
  await call('profile.setMyProfilePicture', await drawing('#3b6d4a'));
  const { picture } = await show(maria);
  assert.ok(picture);
  const url = (await call('profile.getMyProfilePicture')).img;
  assert.ok(url.endsWith(picture), url);
  assert.equal(await loads(url), 'image/jpeg');
  await call('profile.removeMyProfilePicture');
  assert.equal((await show(maria)).picture, null);
  await call('group.setIcon', group, await drawing('#7fb4e0'));
  assert.ok((await kept()).picture);
  await call('group.removeIcon', group);
  assert.equal((await kept()).picture, null);
});

test('how people call themselves, and what they say, is told', async () => {
  await control('PATCH', `/phones/${anna.number}`, { name: 'Anna Lee', about: 'At the sea' });
  await becomes('the name', `WPP.whatsapp.ContactStore.get('${anna.id}').pushname`, 'Anna Lee');
  assert.equal(await call('contact.getStatus', anna.id), 'At the sea');
  await control('PATCH', `/phones/${maria.number}`, { name: 'Maria Silva' });
  await becomes('the own name', 'WPP.profile.getMyProfileName()', 'Maria Silva');
  await call('contact.save', anna.id, 'The', { lastName: 'neighbour' });
  await page.client.page.reload();
  await page.ready();
  await listen();
  const [name, pushname] = await page.ask<string[]>(
    `(({ name, pushname }) => [name, pushname])(WPP.whatsapp.ContactStore.get('${anna.id}'))`) ?? [];
  assert.deepEqual([name, pushname], ['The neighbour', 'Anna Lee']);
  await call('contact.remove', anna.id);
});

test('blocking is one list, wherever it is done', async () => {
  await call('blocklist.blockContact', ben.id);
  assert.deepEqual((await show(maria)).blocked, [ben.number]);
  page.client.events.length = 0;
  await maria.do('unblock', { phone: ben.number });
  await page.heard('blocklist.sync');
  assert.equal(await call('blocklist.isBlocked', ben.id), false);
});

test('who types is told, in the group and beside it', async () => {
  await call('contact.subscribePresence', anna.id);
  await anna.do('typing', { to: maria.number });
  await page.heard('chat.presence_change', (event) => event.id === anna.id && event.state === 'composing');
  await anna.do('typing', { to: group, state: 'recording' });
  await page.heard('chat.presence_change', (event) => event.id === group
    && event.participants.some((one: any) => one.id === anna.id && one.state === 'recording'));
  await anna.do('offline', {});
  await page.heard('chat.presence_change', (event) => event.id === anna.id && event.isOnline === false);
  await call('chat.find', anna.id);
  assert.ok(await call('chat.getLastSeen', anna.id) > 1_000_000);
  await anna.do('online', {});
});

test('what happens while the connection is gone is known when it is back', async () => {
  page.client.events.length = 0;
  await control('POST', '/faults', { kind: 'socket_drop', phone: maria.number, for_ms: 600_000 });
  await until('the connection is gone', () => page.ask("WPP.whatsapp.Stream.mode === 'OFFLINE'"));
  await control('PATCH', `/groups/${group}`, { by: anna.number, subject: 'Fruit' });
  await change('promote', ben);
  await maria.do('block', { phone: ben.number });
  await control('PATCH', `/phones/${anna.number}`, { name: 'Anna Luz' });
  await control('DELETE', '/faults');
  await page.ready();
  await page.heard('group.participant_changed', (event) => event.action === 'promote' && event.participants.includes(ben.id));
  assert.equal(await page.ask(groupChat('formattedTitle')), 'Fruit');
  assert.equal(await call('blocklist.isBlocked', ben.id), true);
  assert.equal(await page.ask(`WPP.whatsapp.ContactStore.get('${anna.id}').pushname`), 'Anna Luz');
  await maria.do('unblock', { phone: ben.number });
  await anna.do('offline', {});
  await page.heard('chat.presence_change', (event) => event.id === anna.id && event.isOnline === false);
  await anna.do('online', {});
});

test('a status post stands under who wrote it, and they learn that it was looked at', async () => {
  const id = await anna.write('status@broadcast', { type: 'text', text: { body: 'The sea today' } });
  await becomes('the post', `WPP.status.get('${anna.id}')?.unreadCount ?? null`, 1);
  await page.ask(`WPP.status.sendReadStatus('${anna.id}', WPP.status.get('${anna.id}').msgs.last().id._serialized)`);
  await anna.see('status@broadcast', id, (post) =>
    post.receipts.some((receipt: any) => receipt.phone === maria.number && receipt.ack >= 3));
  const mine = await call('status.sendTextStatus', 'Tomatoes!', { backgroundColor: '#3b6d4a', font: 1 });
  const [, , own] = mine.id.split('_');
  await anna.see('status@broadcast', own);
  await call('status.remove', mine.id);
  await until('it is gone', async () =>
    (await anna.sees('status@broadcast')).every((post) => post.wa_message_id !== own || post.revoked));
});

test('settings of a chat outlive the page, and so does what was deleted', async () => {
  await anna.write(maria.number, { type: 'text', text: { body: 'Hello' } });
  await ben.write(maria.number, { type: 'text', text: { body: 'Hello' } });
  await becomes('both chats', `[WPP.chat.get('${anna.id}')?.msgs.length > 0, WPP.chat.get('${ben.id}')?.msgs.length > 0]`, [true, true]);
  await call('chat.archive', anna.id);
  await call('chat.pin', anna.id);
  await call('chat.mute', anna.id, { duration: 3_600 });
  await call('chat.markIsUnread', anna.id);
  await call('chat.delete', ben.id);
  await page.client.page.reload();
  await page.ready();
  assert.deepEqual(
    await page.ask(`(({ archive, pin, mute, unreadCount }) => [archive, pin > 0, mute.isMuted, unreadCount])(WPP.chat.get('${anna.id}'))`),
    [true, true, true, -1],
  );
  assert.equal(await page.ask(`WPP.chat.get('${ben.id}') ?? null`), null);
  await call('chat.clear', anna.id, false);
  await page.client.page.reload();
  await page.ready();
  assert.equal(await page.ask(`WPP.chat.get('${anna.id}')?.msgs.length`), 0);
});

test('the drawer on the right tells of the chat and of a message, and finds what was said', async () => {
  const drawn = () => page.ask<string>("document.querySelector('.drawer:not([hidden]) .content')?.innerText ?? ''");
  const shows = (text: RegExp) => until(String(text), async () => text.test((await drawn()) ?? ''));
  const id = (await call('chat.sendTextMessage', group, 'Who brings tomatoes?')).id;
  await page.ask(`WPP.whatsapp.Cmd.openDrawerMid(WPP.chat.get('${group}'))`);
  await shows(/3 people/);
  await shows(/Anna Luz/);
  await page.ask(`WPP.whatsapp.Cmd.msgInfoDrawer(WPP.whatsapp.MsgStore.get('${id}'))`);
  await shows(/Delivered to/);
  await page.ask(`WPP.whatsapp.Cmd.chatSearch(WPP.chat.get('${group}'))`);
  await until('the box', () => page.ask("Boolean(document.querySelector('.drawer .wanted'))"));
  await page.client.page.type('.drawer .wanted', 'tomat');
  await shows(/Who brings tomatoes/);
  await page.ask("require('WAWebDrawerManager').DrawerManager.closeDrawerRight()");
  await until('it is closed', async () => !(await drawn()));
});

test('the page never complained', () => {
  assert.deepEqual(page.errors, []);
});
