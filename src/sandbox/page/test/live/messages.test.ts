/** Messages of every type, sent and received by the unmodified wa-js on a sandbox that runs. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from './browser';
import { LinkedPage, Person } from './sandbox';

const maria = new Person('5511900000101', 'Maria');
const anna = new Person('5511900000102', 'Anna');
const page = new LinkedPage();

before(async () => {
  await maria.create();
  await anna.create();
  await page.link(maria);
});
after(() => page.close());

/** Calls wa-js; answers the bare id of the message that it has sent. */
async function sent(call: string): Promise<string> {
  const result = await page.ask<{ id: string; sendMsgResult: { messageSendResult: string } }>(`WPP.chat.${call}`);
  assert.equal(result?.sendMsgResult?.messageSendResult, 'OK', call);
  return result.id.split('_')[2] ?? '';
}

const key = (id: string, fromMe: boolean) => `${fromMe}_${anna.id}_${id}`;
/** Attributes of a message in the page. */
const shown = (id: string, fromMe: boolean, ...fields: string[]) => page.ask(
  `WPP.chat.getMessageById('${key(id, fromMe)}').then((msg) => JSON.parse(JSON.stringify(
    Object.fromEntries(${JSON.stringify(fields)}.map((field) => [field, msg[field] ?? null])))))`);
const received = (id: string) => anna.see(maria.number, id);
const arrived = (id: string) => page.heard('chat.new_message', (msg) => msg.id === key(id, false));

/** A picture of this size, as the data URL that callers give. */
const drawing = (width: number, height: number) => page.ask<string>(`(() => {
  const canvas = Object.assign(document.createElement('canvas'), { width: ${width}, height: ${height} });
  const context = canvas.getContext('2d');
  const sky = context.createLinearGradient(0, 0, 0, ${height});
  sky.addColorStop(0, '#7fb4e0'); sky.addColorStop(1, '#f6d9a8');
  context.fillStyle = sky; context.fillRect(0, 0, ${width}, ${height});
  context.fillStyle = '#3b6d4a'; context.beginPath();
  context.arc(${width} * 0.3, ${height} * 1.2, ${height} * 0.6, 0, 7); context.arc(${width} * 0.8, ${height} * 1.3, ${height} * 0.7, 0, 7);
  context.fill();
  return canvas.toDataURL('image/jpeg', 0.9);
})()`);

/** A second of a tone, as WAV. */
function tone(): string {
  const rate = 8_000;
  const wav = Buffer.alloc(44 + rate);
  wav.write('RIFF', 0); wav.writeUInt32LE(36 + rate, 4); wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16); wav.writeUInt16LE(1, 20); wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(rate, 24); wav.writeUInt32LE(rate, 28); wav.writeUInt16LE(1, 32); wav.writeUInt16LE(8, 34);
  wav.write('data', 36); wav.writeUInt32LE(rate, 40);
  for (let at = 0; at < rate; at += 1) wav[44 + at] = 128 + Math.round(100 * Math.sin(at / 3) * Math.sin(at / 900));
  return `data:audio/wav;base64,${wav.toString('base64')}`;
}

test('a text with a link carries its preview', async () => {
  const id = await sent(`sendTextMessage('${anna.id}', 'Look at https://example.com/one')`);
  const { content } = await received(id);
  assert.equal(content.preview?.title, 'example.com');
});

test('a reply quotes, and says whom it mentions', async () => {
  const first = await anna.write(maria.number, { type: 'text', text: { body: 'Shall we meet?' } });
  await arrived(first);
  const id = await sent(`sendTextMessage('${anna.id}', 'Yes @${anna.number}', { quotedMsg: '${key(first, false)}', mentionedList: ['${anna.id}'] })`);
  const message = await received(id);
  assert.equal(message.quoted?.wa_message_id ?? message.quoted, first);
  const answer = await anna.write(maria.number, { type: 'text', text: { body: 'At eight' }, context: { message_id: id } });
  await arrived(answer);
  assert.equal(await page.ask(`WPP.chat.getQuotedMsg('${key(answer, false)}').then((msg) => msg.body)`), `Yes @${anna.number}`);
});

test('an image arrives as it was, with its size and a small picture of it', async () => {
  const url = await drawing(640, 400);
  const id = await sent(`sendFileMessage('${anna.id}', '${url}', { type: 'image', caption: 'The hills' })`);
  const { content } = await received(id);
  assert.equal(content.caption, 'The hills');
  assert.equal(content.mime_type, 'image/jpeg');
  assert.equal(content.size, Buffer.from((url ?? '').split(',')[1] ?? '', 'base64').length);
  const { width, height, body, directPath } = await shown(id, true, 'width', 'height', 'body', 'directPath');
  assert.deepEqual([width, height], [640, 400]);
  assert.match(body, /^\/9j\//);
  assert.equal(directPath, `/media/${content.media}`);
});

test('what cannot be read as an image goes as a document', async () => {
  const id = await sent(`sendFileMessage('${anna.id}', 'data:image/jpeg;base64,bm8gaW1hZ2U=', { type: 'image', filename: 'broken.jpg' })`);
  assert.equal((await received(id)).type, 'document');
});

test('audio, voice notes and documents have their length and their name', async () => {
  const audio = await received(await sent(`sendFileMessage('${anna.id}', '${tone()}', { type: 'audio' })`));
  assert.equal(audio.type, 'audio');
  const voice = await sent(`sendFileMessage('${anna.id}', '${tone()}', { type: 'audio', isPtt: true })`);
  assert.equal((await received(voice)).content.voice, true);
  const { type, duration } = await shown(voice, true, 'type', 'duration');
  assert.deepEqual([type, duration], ['ptt', 1]);
  const paper = await received(await sent(
    `sendFileMessage('${anna.id}', 'data:text/plain;base64,SGVsbG8=', { type: 'document', filename: 'letter.txt' })`));
  assert.equal(paper.content.filename, 'letter.txt');
  assert.equal(paper.content.size, 5);
});

test('a picture becomes a square sticker', async () => {
  const id = await sent(`sendFileMessage('${anna.id}', '${await drawing(300, 200)}', { type: 'sticker' })`);
  const { type, content } = await received(id);
  assert.deepEqual([type, content.mime_type], ['sticker', 'image/webp']);
});

test('places, contacts and polls', async () => {
  const place = await received(await sent(
    `sendLocationMessage('${anna.id}', { lat: -23.55, lng: -46.63, name: 'Cathedral', address: 'Praça da Sé' })`));
  assert.equal(place.content.latitude, -23.55);
  assert.equal(place.content.name, 'Cathedral');
  const one = await received(await sent(`sendVCardContactMessage('${anna.id}', { id: '${anna.id}', name: 'Anna Lee' })`));
  assert.equal(one.type, 'contacts');
  const two = await received(await sent(
    `sendVCardContactMessage('${anna.id}', ['${anna.id}', { id: '${maria.id}', name: 'Maria S' }])`));
  assert.equal(two.type, 'contacts');
});

test('votes are counted, reported, and taken back', async () => {
  const id = await sent(`sendCreatePollMessage('${anna.id}', 'Where to?', ['Beach', 'Hills'])`);
  await received(id);
  await anna.do('vote', { to: maria.number, wa_message_id: id, options: ['Hills'] });
  await page.heard('chat.poll_response', (vote) => vote.msgId === key(id, true));
  const chosen = () => page.ask<string[][]>(`WPP.chat.getVotes('${key(id, true)}').then(({ votes }) =>
    votes.map((vote) => vote.selectedOptions.filter(Boolean).map((option) => option.name)))`);
  assert.deepEqual(await chosen(), [['Hills']]);
  await anna.do('vote', { to: maria.number, wa_message_id: id, options: [] });
  await until('the vote is gone', async () => (await chosen())?.[0]?.length === 0);
});

test('what comes in has its file, and the file can be had', async () => {
  const url = (await drawing(320, 240)) ?? '';
  const data = url.split(',')[1] ?? '';
  const id = await anna.write(maria.number, { type: 'image', image: { data, mime_type: 'image/jpeg', caption: 'Here' } });
  await arrived(id);
  const { caption, mimetype } = await shown(id, false, 'caption', 'mimetype');
  assert.deepEqual([caption, mimetype], ['Here', 'image/jpeg']);
  const got = await page.ask<string>(`WPP.chat.downloadMedia('${key(id, false)}').then(WPP.util.blobToBase64)`);
  assert.equal(got?.split(',')[1], data);
});

test('reactions come and go on both sides', async () => {
  const id = await anna.write(maria.number, { type: 'text', text: { body: 'I passed!' } });
  await arrived(id);
  await page.ask(`WPP.chat.sendReactionToMessage('${key(id, false)}', '🎉')`);
  await anna.see(maria.number, id, (message) => message.reactions.some((one: any) => one.emoji === '🎉'));
  await anna.do('react', { to: maria.number, wa_message_id: id, emoji: '❤️' });
  await page.heard('chat.new_reaction', (reaction) => reaction.reactionText === '❤️' && reaction.msgId === key(id, false));
  const emojis = () => page.ask<string[]>(`WPP.chat.getReactions('${key(id, false)}').then(({ reactions }) =>
    reactions.map((one) => one.aggregateEmoji).sort())`);
  assert.deepEqual(await emojis(), ['❤️', '🎉'].sort());
  await page.ask(`WPP.chat.sendReactionToMessage('${key(id, false)}', '')`);
  await until('one is left', async () => (await emojis())?.join() === '❤️');
});

test('an edit changes the text on both sides', async () => {
  const own = await sent(`sendTextMessage('${anna.id}', 'Helo')`);
  await page.ask(`WPP.chat.editMessage('${key(own, true)}', 'Hello')`);
  await anna.see(maria.number, own, (message) => message.body === 'Hello' && message.edited_at);
  const theirs = await anna.write(maria.number, { type: 'text', text: { body: 'Bey' } });
  await arrived(theirs);
  await anna.do('edit', { to: maria.number, wa_message_id: theirs, text: 'Bye' });
  await page.heard('chat.msg_edited', (edit) => edit.id === key(theirs, false));
  assert.equal((await shown(theirs, false, 'body')).body, 'Bye');
});

test('what is taken back is gone on both sides', async () => {
  const own = await sent(`sendTextMessage('${anna.id}', 'Not for you')`);
  await page.ask(`WPP.chat.deleteMessage('${anna.id}', '${key(own, true)}', false, true)`);
  await anna.see(maria.number, own, (message) => message.revoked);
  assert.equal((await shown(own, true, 'type')).type, 'revoked');
  const theirs = await anna.write(maria.number, { type: 'text', text: { body: 'Nor for you' } });
  await arrived(theirs);
  await anna.do('revoke', { to: maria.number, wa_message_id: theirs });
  await page.heard('chat.msg_revoke', (revoke) => revoke.refId === key(theirs, false));
  const { type, body } = await shown(theirs, false, 'type', 'body');
  assert.deepEqual([type, body], ['revoked', null]);
});

test('deleted here, a message is gone here alone; a star stays on it', async () => {
  const id = await sent(`sendTextMessage('${anna.id}', 'Mine')`);
  await page.ask(`WPP.chat.starMessage('${key(id, true)}', true)`);
  assert.equal((await shown(id, true, 'star')).star, true);
  const { isDeleted } = (await page.ask(`WPP.chat.deleteMessage('${anna.id}', '${key(id, true)}')`)) ?? {};
  assert.equal(isDeleted, true);
  assert.equal((await received(id)).body, 'Mine');
});

test('a forwarded message says so', async () => {
  const id = await anna.write(maria.number, { type: 'text', text: { body: 'Pass it on' } });
  await arrived(id);
  await page.ask(`WPP.chat.forwardMessages('${anna.id}', ['${key(id, false)}']).then(() => 1)`);
  await until('it came back', async () => (await anna.sees(maria.number)).some((message) => message.body === 'Pass it on' && message.forwarded));
});

test('receipts are kept by person and time', async () => {
  const id = await sent(`sendTextMessage('${anna.id}', 'Did you get it?')`);
  await anna.do('read', { from: maria.number });
  await page.heard('chat.msg_ack_change', (change) => change.ack === 3 && change.ids.includes(key(id, true)));
  const info = await page.ask(`WPP.chat.getMessageACK('${key(id, true)}').then((info) => JSON.parse(JSON.stringify(info)))`);
  assert.equal(info.ack, 3);
  assert.equal(info.participants.length, 1);
  assert.ok(info.participants[0].readAt > 0);
});

test('a voice note that was listened to is reported as played', async () => {
  const data = tone().split(',')[1];
  const id = await anna.write(maria.number, { type: 'audio', audio: { data, mime_type: 'audio/wav', voice: true, seconds: 1 } });
  await arrived(id);
  await page.ask(`WPP.chat.markPlayed('${key(id, false)}').then(() => 1)`);
  await anna.see(maria.number, id, (message) => message.ack === 4);
});

test('it looks like a chat', async () => {
  await page.ask("document.querySelector('.messages').scrollTop = 0");
  await page.shot('messages-top');
  await page.ask("document.querySelector('.messages').scrollTop = 1e6");
  await page.shot('messages-end');
  assert.ok(await page.ask("document.querySelectorAll('.bubble').length > 20"));
});
