import './page-globals';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findLink } from '../../src/modules/by-name/text';
import { fileKind, messageType, uploadLimit } from '../../src/modules/media/kinds';
import { isAnimatedWebp } from '../../src/modules/media/looks';
import { BlobCache } from '../../src/modules/media/media-data';
import { mediaIdOf } from '../../src/modules/media/transfer';
import { Contact } from '../../src/modules/contacts';
import { createWid } from '../../src/ids/wid';
import { parseVcard, vcardModules } from '../../src/modules/vcards';
import { fileSize, length } from '../../src/view/element';

test('a file becomes the message that its type and the caller say', () => {
  const table = [
    ['image/png', {}, 'image'], ['image/png', { asDocument: true }, 'document'], ['image/webp', { asSticker: true }, 'sticker'],
    ['audio/ogg; codecs=opus', {}, 'audio'], ['audio/ogg', { isPtt: true }, 'ptt'], ['video/mp4', { asGif: true }, 'video'],
    ['application/pdf', {}, 'document'], ['', {}, 'document'],
  ] as const;
  for (const [mimetype, wish, type] of table) assert.equal(messageType(mimetype, wish), type, mimetype);
});

test('each type has its kind on the server, and its limit', () => {
  assert.deepEqual(['image', 'gif', 'ptt', 'sticker', 'document', 'ptv'].map(fileKind), ['image', 'video', 'audio', 'sticker', 'document', 'video']);
  assert.ok(uploadLimit('sticker') < uploadLimit('image') && uploadLimit('image') < uploadLimit('video'));
});

test('the id of a file is the end of its path, and nothing else', () => {
  assert.equal(mediaIdOf('/media/0a1b'), '0a1b');
  for (const other of ['/media/', '/pictures/1.svg', '/media/a/b', '/media/a?b', undefined]) assert.equal(mediaIdOf(other), undefined);
});

test('only a WebP with the flag of an animation moves', () => {
  const webp = (chunk: string, flags: number) => {
    const bytes = new Uint8Array(30);
    const text = (at: number, chars: string) => [...chars].forEach((char, index) => (bytes[at + index] = char.charCodeAt(0)));
    text(0, 'RIFF'); text(8, 'WEBP'); text(12, chunk);
    bytes[20] = flags;
    return bytes;
  };
  assert.equal(isAnimatedWebp(webp('VP8X', 0x02)), true);
  assert.equal(isAnimatedWebp(webp('VP8X', 0x10)), false);
  assert.equal(isAnimatedWebp(webp('VP8L', 0x02)), false);
  assert.equal(isAnimatedWebp(new Uint8Array(3)), false);
});

test('the cache of files keeps what was used last', () => {
  const cache = new BlobCache();
  const large = () => new Blob([new Uint8Array(30 * 1024 * 1024)]);
  cache.put('a', large());
  cache.put('b', large());
  cache.get('a');
  cache.put('c', large());
  assert.deepEqual(['a', 'b', 'c'].map((hash) => cache.has(hash)), [true, false, true]);
});

test('a contact card can be read back, whatever the name', () => {
  const name = 'O; Hara, \\ "Bo"\nJr';
  const { vcardFromContactModel } = vcardModules['WAWebFrontendVcardUtils'] as any;
  const card = vcardFromContactModel(new Contact({ id: createWid('5511900000002@c.us'), name }));
  assert.equal(card.displayName, name);
  assert.deepEqual(parseVcard(card.vcard)?.['fn'], [name]);
  assert.match(card.vcard, /TEL;type=CELL;type=VOICE;waid=5511900000002:\+5511900000002/);
  assert.equal(parseVcard('BEGIN:VCARD and no more'), undefined);
});

test('the first link of a text is found without its punctuation', () => {
  assert.equal(findLink('See (https://example.com/a?b=1), or www.example.org.')?.href, 'https://example.com/a?b=1');
  assert.equal(findLink('none here'), undefined);
});

test('sizes and lengths read as people write them', () => {
  assert.deepEqual([0, 999, 12_400, 3_250_000].map(fileSize), ['0 B', '999 B', '12 kB', '3.3 MB']);
  assert.deepEqual([0, 7.4, 67, 3_600].map(length), ['0:00', '0:07', '1:07', '60:00']);
});
