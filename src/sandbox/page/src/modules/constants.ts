/** Enumerations and small helpers that have no state. */

import type { ModuleTable } from '../registry';

/** From 2.3000.1031992593 on wa-js uses today's call shapes, such as `sendSeen({chat})`. */
export const PAGE_VERSION = '2.3000.1045220589';

/** How far a message has come. The server speaks the same numbers. */
export const ACK = {
  INACTIVE: -6,
  EXPIRED: -2,
  FAILED: -1,
  CLOCK: 0,
  SENT: 1,
  RECEIVED: 2,
  READ: 3,
  PLAYED: 4,
} as const;

const SOCKET_STATE = mirror([
  'OPENING', 'PAIRING', 'UNPAIRED', 'UNPAIRED_IDLE', 'CONNECTED', 'TIMEOUT', 'CONFLICT', 'UNLAUNCHED',
  'PROXYBLOCK', 'TOS_BLOCK', 'SMB_TOS_BLOCK', 'DEPRECATED_VERSION',
] as const);
export type SocketState = keyof typeof SOCKET_STATE;

const SOCKET_STREAM = mirror(['DISCONNECTED', 'SYNCING', 'RESUMING', 'CONNECTED'] as const);
export type SocketStream = keyof typeof SOCKET_STREAM;

export const SendMsgResult = mirror([
  'OK', 'ERROR_NETWORK', 'ERROR_EXPIRED', 'ERROR_CANCELLED', 'ERROR_UPLOAD', 'ERROR_UNKNOWN',
] as const);

export function unixTime(): number {
  return Math.floor(Date.now() / 1000);
}

const [PRIMARY, SECONDARY, TERTIARY] = PAGE_VERSION.split('.');

export const constantModules: ModuleTable = {
  // conn.main_init and chat.markIsRead read the version. Plain data: wppconnect takes it out of the browser.
  WAWebBuildConstants: {
    SANITIZED_VERSION_STR: PAGE_VERSION,
    VERSION_STR: PAGE_VERSION,
    VERSION_BASE: PAGE_VERSION,
    VERSION_PRIMARY: PRIMARY,
    VERSION_SECONDARY: SECONDARY,
    VERSION_TERTIARY: TERTIARY,
  },
  // chat.sendTextMessage with buttons.
  WAWap: { DROP_ATTR: Symbol('drop') },
  // chat.sendRawMessage gives each message ACK.CLOCK to start with.
  WAWebAck: {
    ACK,
    ACK_STRING: {
      SENDER: 'sender', DELIVERY: 'delivery', READ: 'read', PLAYED: 'played', INACTIVE: 'inactive',
      READ_SELF: 'read-self',
    },
    EDIT_ATTR: { SENDER_REVOKE: 7, ADMIN_REVOKE: 8 },
  },
  // chat.getMessages, chat.deleteMessage.
  WAWebMsgType: {
    MSG_TYPE: {
      CHAT: 'chat', REVOKED: 'revoked', CIPHERTEXT: 'ciphertext', PROTOCOL: 'protocol',
      CALL_LOG: 'call_log', GP2: 'gp2', IMAGE: 'image', VIDEO: 'video', AUDIO: 'audio', PTT: 'ptt',
      DOCUMENT: 'document', STICKER: 'sticker', LOCATION: 'location', VCARD: 'vcard', MULTI_VCARD: 'multi_vcard',
      POLL_CREATION: 'poll_creation',
    },
    SYSTEM_MESSAGE_TYPES: ['gp2', 'e2e_notification'],
  },
  // conn.require_auth, conn.qrcode_idle, conn.isIdle.
  WAWebSocketConstants: {
    SOCKET_STATE,
    SOCKET_STREAM,
    WATCHED_SOCKET_STATE: mirror(['OPEN', 'CLOSED'] as const),
  },
  WAWebSendMsgResultAction: { SendMsgResult },
  WAWebGroupConst: {
    GROUP_SETTING_TYPE: { ANNOUNCEMENT: 'announcement', RESTRICT: 'restrict', EPHEMERAL: 'ephemeral' },
  },
  WAWebNonJidMentionType: { default: { MENTION_ALL: 1 } },
  // The listener of incoming calls compares with these.
  WAWebVoipCallState: { CALL_STATES: { INCOMING_RING: 'INCOMING_RING' } },
  WAJids: { GROUP_JID: 'g.us', CHAT_JID: 's.whatsapp.net', STATUS_JID: 'status@broadcast' },
  WAWebEnvironment: { default: { isWeb: true, isWindows: false } },
  // conn/patch sets the flag at start.
  WAWebOfficialClient: { isOfficialClient: true },
  // chat.sendRawMessage stamps each message with unixTime.
  WATimeUtils: { unixTime, unixTimeMs: () => Date.now() },
  // conn.getAuthCode prints its keys with this.
  WABase64: { encodeB64: encodeBase64, decodeB64: decodeBase64 },
  // wa-js skips modules that look like React components and needs the class to tell them apart.
  WAWebReact: { Component: class {}, PureComponent: class {} },
};

export function encodeBase64(data: ArrayLike<number> | ArrayBufferLike): string {
  const bytes = 'byteLength' in data && !ArrayBuffer.isView(data)
    ? new Uint8Array(data as ArrayBufferLike)
    : Uint8Array.from(data as ArrayLike<number>);
  let text = '';
  // In pieces: a call takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 8_192) text += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return btoa(text);
}

export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

/** `['A', 'B']` → `{A: 'A', B: 'B'}`. */
function mirror<const N extends string>(names: readonly N[]): { readonly [K in N]: K } {
  return Object.fromEntries(names.map((name) => [name, name])) as { [K in N]: K };
}
