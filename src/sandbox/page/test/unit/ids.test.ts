import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MsgKey } from '../../src/ids/msg-key';
import { Wid, createUserWid, createWid, isWidLike } from '../../src/ids/wid';

test('a wid exists once for each text, and knows its kind', () => {
  const wid = createWid('5511@c.us');
  assert.equal(createWid('5511@c.us'), wid);
  assert.equal(createWid('5511@s.whatsapp.net'), wid);
  assert.ok(wid.isUser() && !wid.isGroup());
  assert.ok(createWid('77@lid').isLid());
  assert.ok(createWid('120@g.us').isGroup());
  assert.ok(Wid.isXWid('c.us', '5511@c.us'));
});

test('a device belongs to the wid, but not to its user', () => {
  const wid = createWid('5511:3@c.us');
  assert.deepEqual([wid.user, wid.getDeviceId(), wid.isCompanion()], ['5511', 3, true]);
  assert.ok(wid.isSameAccount(createWid('5511@c.us')));
});

test('a bare number becomes a user; a text without a server is no wid', () => {
  assert.equal(String(createUserWid('5511')), '5511@c.us');
  assert.equal(String(createUserWid('77@lid', 'lid')), '77@lid');
  for (const text of ['5511', '@c.us', '5511@']) assert.throws(() => createWid(text), /invalid wid/);
  assert.equal(isWidLike('5511@c.us'), false);
});

test('a key printed and read back is the same key', () => {
  for (const text of ['true_5511@c.us_3EB0AA', 'false_120@g.us_3A01_77@lid']) {
    assert.equal(String(MsgKey.fromString(text)), text);
  }
  assert.throws(() => MsgKey.fromString('nonsense'), /not a message key/);
});

test('a key from two ends is the key from the chat', () => {
  const [from, to] = [createWid('1@c.us'), createWid('2@c.us')];
  assert.equal(String(new MsgKey({ from, to, id: 'A', selfDir: 'out' })), 'true_2@c.us_A');
  assert.equal(String(new MsgKey({ from, to, id: 'A', selfDir: 'in' })), 'false_1@c.us_A');
});

test('new ids have the shape of a web client, and differ', async () => {
  const [first, second] = [await MsgKey.newId(), await MsgKey.newId()];
  assert.match(first, /^3EB0[0-9A-F]{18}$/);
  assert.notEqual(first, second);
});

test('wa-js recognises the key by its text', () => {
  assert.match(MsgKey.toString(), /MsgKey error: obj is null\/undefined/);
  assert.match(MsgKey.prototype.toString.toString(), /return this\._serialized/);
});
