// The self-test on pages that lack something, and when it is told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { build } from 'esbuild';

async function load(file) {
  const { outputFiles } = await build({
    entryPoints: [new URL(`../src/${file}`, import.meta.url).pathname],
    bundle: true,
    format: 'esm',
    write: false,
    define: { AGENT_VERSION: '"9.9.9"' },
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}

const { missing } = await load('selftest.ts');
const { DriftReport } = await load('drift.ts');

/** A page that has everything, in the shapes that are asked for. */
function whole() {
  const any = () => undefined;
  const createWid = (text) => {
    const [user, server] = text.split('@');
    return { user, server, toString: () => text };
  };
  class MsgKey {
    constructor({ to, id, selfDir }) {
      Object.assign(this, { id, fromMe: selfDir === 'out', remote: to });
    }
    static fromString() {}
  }
  const names = [
    'isAuthenticated', 'getErrorCodeFromLogoutReason', 'getPushname', 'getStatus', 'addAndSendMsgToChat',
    'findOrCreateLatestChat', 'getEphemeralFields', 'queryWidExists', 'msgFindByDirection',
  ];
  return {
    isInjected: true,
    version: '4.6.0',
    conn: { isAuthenticated: any, getStreamData: () => ({ mode: 'MAIN' }), getMyUserWid: any, refreshQR: any, logout: any, startLinkDeviceCodeForPhoneNumber: any },
    profile: { getMyProfileName: any },
    chat: { find: any, sendTextMessage: any, getMessageById: any, getMessages: any },
    whatsapp: {
      Stream: { on: any },
      UserPrefs: { getMaybeMePnUser: any },
      Cmd: { refreshQR: any },
      Conn: { on: any },
      Socket: { on: any, logout: any },
      ApiContact: { getPhoneNumber: any },
      WidFactory: { createWid },
      MsgKey,
      ChatStore: { get: any, getModelsArray: () => [] },
      MsgStore: { on: any, get: any, getModelsArray: () => [] },
      functions: { ...Object.fromEntries(names.map((name) => [name, any])), unixTime: () => 1_800_000_000 },
    },
  };
}

test('what wa-js wraps later is not looked at before', () => {
  const wpp = whole();
  for (const name of ['handleChatSimpleReceipt', 'handleGroupSimpleReceipt', 'handleChatSimpleAck']) {
    Object.defineProperty(wpp.whatsapp.functions, name, { get: () => assert.fail(`${name} was looked at`) });
  }
  assert.deepEqual(missing(wpp), []);
});

test('a whole page lacks nothing', () => {
  assert.deepEqual(missing(whole()), []);
});

const lacking = [
  ['a function that is gone', (wpp) => delete wpp.whatsapp.functions.addAndSendMsgToChat,
    [{ name: 'whatsapp.functions.addAndSendMsgToChat', needed_for: ['send'] }]],
  ['a module that is gone', (wpp) => delete wpp.whatsapp.ApiContact,
    [{ name: 'whatsapp.ApiContact.getPhoneNumber', needed_for: ['names'] }]],
  ['one of two names for the same is enough', (wpp) => {
    wpp.whatsapp.functions.msgFindQuery = wpp.whatsapp.functions.msgFindByDirection;
    delete wpp.whatsapp.functions.msgFindByDirection;
  }, []],
  ['a function of another shape', (wpp) => { wpp.whatsapp.functions.unixTime = () => Date.now(); },
    [{ name: 'whatsapp.functions.unixTime', needed_for: ['send'] }]],
  ['a getter that throws', (wpp) => Object.defineProperty(wpp.profile, 'getMyProfileName', {
    get() { throw new Error('no such module'); },
  }), [{ name: 'profile.getMyProfileName', needed_for: ['names'] }]],
  ['a class that has changed', (wpp) => { wpp.whatsapp.MsgKey = class { static fromString() {} }; },
    [{ name: 'whatsapp.MsgKey', needed_for: ['send', 'look_up'] }]],
];
for (const [what, break_, expected] of lacking) {
  test(`the self-test finds ${what}`, () => {
    const wpp = whole();
    break_(wpp);
    assert.deepEqual(missing(wpp), expected);
  });
}

test('on a page that waits for a phone only what serves that is asked for', () => {
  const wpp = whole();
  delete wpp.whatsapp.functions.addAndSendMsgToChat;
  delete wpp.whatsapp.Cmd;
  assert.deepEqual(missing(wpp, ['link', 'pairing']), [{ name: 'whatsapp.Cmd.refreshQR', needed_for: ['pairing'] }]);
});

test('a page is tested at each stage once, told when it changes, and tested again as long as it lacks something', () => {
  const told = [];
  const report = new DriftReport({ add: (event) => told.push(event.missing.map(({ name }) => name)) }, 0);
  globalThis.WPP = whole();
  report.look('linked', false, 1_000);
  assert.deepEqual(told, [], 'its parts may still be on their way');
  delete WPP.whatsapp.functions.getStatus;
  report.look('ready', true, 2_000);
  report.look('ready', true, 3_000);
  assert.deepEqual(told, [['whatsapp.functions.getStatus']]);
  assert.deepEqual(report.lacks('probe'), ['whatsapp.functions.getStatus']);
  assert.deepEqual(report.lacks('send'), []);
  WPP.whatsapp.functions.getStatus = () => undefined;
  report.look('ready', true, 4_000);
  assert.equal(told.length, 1, 'not every moment');
  report.look('ready', true, 7_000);
  report.look('ready', true, 60_000);
  assert.deepEqual(told, [['whatsapp.functions.getStatus'], []]);
  delete globalThis.WPP;
});

test('a page that does not come further is tested all the same', () => {
  const told = [];
  const report = new DriftReport({ add: (event) => told.push(event.missing.map(({ name }) => name)) }, 0);
  report.look('loading', false, 19_000);
  assert.deepEqual(told, []);
  report.look('loading', false, 20_000);
  assert.deepEqual(told, [['wa-js']], 'wa-js has found nothing of what it looks for');
});
