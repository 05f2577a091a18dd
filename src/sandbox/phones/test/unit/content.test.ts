import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '../../src/api/shapes';
import { contentOf } from '../../src/model/content';
import { printedLength, printedSize, tooLarge, waysToSend } from '../../src/model/files';
import { pieces, suggestions, withMention } from '../../src/model/mentions';
import { contactsMessage, fileMessage, locationMessage, pollMessage, textMessage } from '../../src/model/outgoing';
import { summary } from '../../src/model/summary';

const ANA = { phone: '5511900000001', name: 'Ana Souza' };
const AN = { phone: '5511900000002', name: 'Ana' };

function message(type: string, content: unknown, more: Partial<Message> = {}): Message {
  return { wa_message_id: 'A', from_me: false, type, body: '', content, at: '2026-03-10T09:00:00Z', ack: 1, ...more };
}

test('every type is read', () => {
  const cases: [Message, object][] = [
    [message('text', { body: 'hi' }, { body: 'hi' }), { kind: 'text', text: 'hi' }],
    [message('audio', { media: 'm', mime_type: 'audio/ogg', size: 9, voice: true, seconds: 4 }),
      { kind: 'audio', media: 'm', mime: 'audio/ogg', size: 9, voice: true, seconds: 4 }],
    [message('location', { latitude: 1.5, longitude: -2 }), { kind: 'location', latitude: 1.5, longitude: -2, name: '' }],
    [message('poll', { name: 'Cake?', options: ['yes', { name: 'no' }], selectable_count: 1 }),
      { kind: 'poll', name: 'Cake?', options: ['yes', 'no'], selectable: 1 }],
    [message('contacts', [{ name: { formatted_name: 'Ana' }, phones: [{ phone: '55' }] }]),
      { kind: 'contacts', cards: [{ name: 'Ana', phones: ['55'] }] }],
    [message('contacts', [{ vcard: 'BEGIN:VCARD\r\nFN:Ben\r\nTEL;waid=55119:+55 119\r\nEND:VCARD' }]),
      { kind: 'contacts', cards: [{ name: 'Ben', phones: ['+55 119'] }] }],
    [message('image', { media: 'm' }, { revoked: true }), { kind: 'revoked' }],
    [message('novelty', null), { kind: 'unknown', type: 'novelty' }],
  ];
  for (const [given, wanted] of cases) {
    const found = contentOf(given) as Record<string, unknown>;
    for (const [name, value] of Object.entries(wanted)) assert.deepEqual(found[name], value, `${given.type}: ${name}`);
  }
});

test('strange contents break nothing', () => {
  const strange = [undefined, null, 7, 'x', [], {}, { options: 7, media: {}, latitude: 'x', preview: [], thumbnail: 'javascript:1' }];
  for (const type of ['text', 'image', 'video', 'audio', 'document', 'sticker', 'location', 'contacts', 'poll', 'system', 'revoked', '']) {
    for (const content of strange) {
      assert.equal(typeof summary(message(type, content)), 'string');
      const { thumbnail } = contentOf(message(type, content)) as { thumbnail?: string };
      assert.equal(thumbnail, undefined);
    }
  }
});

test('only addresses of the web become links', () => {
  const preview = (url: string) => (contentOf(message('text', { preview: { url, title: 't' } })) as { preview?: object }).preview;
  assert.equal(preview('javascript:alert(1)'), undefined);
  assert.ok(preview('https://example.com/'));
  const cut = (text: string) => pieces(text, (phone) => (phone === ANA.phone ? ANA.name : undefined));
  assert.deepEqual(cut('see https://a.example/b?c=1. <b>no</b> javascript:alert(1)'), [
    { kind: 'plain', text: 'see ' },
    { kind: 'link', text: 'https://a.example/b?c=1', url: 'https://a.example/b?c=1' },
    { kind: 'plain', text: '. <b>no</b> javascript:alert(1)' },
  ]);
  assert.deepEqual(cut(`@${ANA.phone}, @5511911111111`), [
    { kind: 'mention', text: '@Ana Souza' }, { kind: 'plain', text: ', @5511911111111' },
  ]);
  assert.deepEqual(cut(''), []);
});

test('names that are written become mentions, the longest first', () => {
  assert.deepEqual(textMessage('hi'), { type: 'text', text: { body: 'hi' } });
  assert.deepEqual(textMessage('@Ana Souza and @Ana', [AN, ANA]), {
    type: 'text', text: { body: `@${ANA.phone} and @${AN.phone}` }, mentions: [ANA.phone, AN.phone],
  });
  assert.deepEqual(suggestions('hello @an', [AN, ANA]), [AN, ANA]);
  assert.deepEqual(suggestions('hello@an', [AN]), [], 'an address of mail is no mention');
  assert.deepEqual(suggestions('hello @', [AN]), [AN]);
  assert.equal(withMention('hello @an', { phone: '1', name: '$& Co' }), 'hello @$& Co ');
});

test('requests for messages of each type', () => {
  assert.deepEqual(fileMessage('image', 'm', { name: 'a.png', caption: ' cake ' }), { type: 'image', image: { media: 'm', caption: 'cake' } });
  assert.deepEqual(fileMessage('document', 'm', { name: 'a.pdf', caption: '' }), { type: 'document', document: { media: 'm', filename: 'a.pdf' } });
  assert.deepEqual(fileMessage('voice', 'm', { name: 'a.ogg', caption: 'x' }), { type: 'audio', audio: { media: 'm', voice: true } });
  assert.deepEqual(locationMessage({ latitude: 1, longitude: 2, name: ' ', address: 'here' }), { type: 'location', location: { latitude: 1, longitude: 2, address: 'here' } });
  assert.deepEqual(pollMessage('Cake?', ['yes', ' ', 'no '], true), { type: 'poll', poll: { name: 'Cake?', options: ['yes', 'no'], selectable_count: 1 } });
  assert.deepEqual(contactsMessage([ANA]), { type: 'contacts', contacts: [{ name: { formatted_name: 'Ana Souza' }, phones: [{ phone: ANA.phone }] }] });
});

test('files: as what, and how large', () => {
  assert.deepEqual(['image/png', 'image/webp', 'video/mp4', 'audio/ogg; codecs=opus', 'application/pdf', 'image/svg+xml', ''].map((mime) => waysToSend(mime)[0]),
    ['image', 'image', 'video', 'audio', 'document', 'document', 'document']);
  assert.ok(waysToSend('image/webp').includes('sticker'));
  assert.equal(tooLarge(1024, 'sticker'), undefined);
  assert.match(tooLarge(2 * 1024 * 1024, 'sticker') ?? '', /1\.0 MiB/);
  assert.match(tooLarge(0, 'document') ?? '', /empty/);
  assert.deepEqual([100, 2048, 1_500_000, 20_000_000].map(printedSize), ['100 B', '2 KiB', '1.4 MiB', '19 MiB']);
  assert.deepEqual([0.4, 7, 75].map(printedLength), ['0:00', '0:07', '1:15']);
});

test('mentions have names wherever a text is shown in short', () => {
  const said = message('text', {}, { body: 'hi @5511900000001!' });
  assert.deepEqual([summary(said), summary(said, () => 'Ana')], ['hi @5511900000001!', 'hi @Ana!']);
});

test('notices of groups are sentences', () => {
  const names = (phone: string) => (phone === ANA.phone ? 'Ana' : 'Ben');
  const system = (subtype: string, more: object = {}) =>
    summary(message('system', { subtype, recipients: ['5511900000009'], ...more }, { author: ANA.phone }), names);
  assert.equal(system('add'), 'Ana added Ben');
  assert.equal(system('subject', { body: 'Cake' }), 'Ana changed the subject to “Cake”');
  assert.equal(system('leave'), 'Ben left');
  assert.equal(system('unheard of'), '[unheard of]');
});
