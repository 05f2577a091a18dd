/** What becomes of a message later: edited, taken back, deleted here, starred. */

import type { Attributes } from '../base/model';
import { MsgKey } from '../ids/msg-key';
import { createWid, type Wid } from '../ids/wid';
import type { ModuleTable } from '../registry';
import { outbox } from '../runtime/outbox';
import { chats, type Chat } from './chats';
import { Cmd } from './connection';
import { ACK, SendMsgResult, unixTime } from './constants';
import { identity } from './identity';
import { MEDIA_TYPES, messages, type Msg, type SendResult } from './messages';
import { granted, targetOf } from './messages/target';

/** A text may be changed for so long, and taken back for so much longer. */
const EDIT_WITHIN_S = 15 * 60;
const REVOKE_WITHIN_S = 60 * 60 * 60;
/** Types that have a caption. */
const CAPTIONED = ['image', 'video', 'document'];
/** What is left of a message that was taken back. */
const KEPT_OF_REVOKED = [
  'id', 'type', 'subtype', 'from', 'to', 'author', 't', 'ack', 'notifyName', 'self', 'isNewMsg', 'local', 'star',
];

export interface Edit {
  editId: string;
  body: string;
  t: number;
}

/** The new text first: whoever hears of the edit reads it then. */
export function applyEdit(msg: Msg, { editId, body, t }: Edit): void {
  msg.set(CAPTIONED.includes(msg.type) ? 'caption' : 'body', body);
  msg.set({
    latestEditSenderTimestampMs: t * 1000,
    latestEditMsgKey: new MsgKey({ fromMe: msg.id.fromMe, remote: msg.id.remote, id: editId, participant: msg.id.participant ?? null }),
  });
}

async function edit(msg: Msg, body: string, editId: string): Promise<SendResult> {
  const { at } = granted(await outbox.submit('edit', editId, { ...targetOf(msg), editId, body }));
  applyEdit(msg, { editId, body, t: at });
  return { messageSendResult: SendMsgResult.OK, t: at, count: null };
}

/** chat.editMessage: the edit comes as a prepared message of type `protocol`. */
async function addAndSendMessageEdit(msg: Msg, change: Attributes): Promise<SendResult> {
  const body = CAPTIONED.includes(msg.type) ? change['caption'] : change['body'];
  const id = change['id'];
  return edit(msg, String(body ?? ''), id instanceof MsgKey ? id.id : await MsgKey.newId());
}

/**
 * Taken back for everybody. Nothing of the content is left; the type changes before it, so that this is no edit.
 * The key comes first: whatsapp-web.js remembers a message from a change of it, for its event message_revoke_everyone.
 */
export function applyRevoke(msg: Msg, by: Wid | undefined): void {
  msg.set({ protocolMessageKey: msg.id, revokeSender: by });
  msg.set('type', 'revoked');
  for (const name of Object.keys(msg.attributes)) {
    if (!KEPT_OF_REVOKED.includes(name) && name !== 'protocolMessageKey' && name !== 'revokeSender') msg.unset(name);
  }
}

export function applyStar(chat: Wid, ids: readonly string[], star: boolean): void {
  for (const id of ids) messages.locate(chat, id)?.set('star', star);
}

/** Deleted for this account alone. */
export function applyForget(chat: Wid, ids: readonly string[]): void {
  const gone = ids.flatMap((id) => messages.locate(chat, id) ?? []);
  const present = chats.get(chat);
  present?.msgs.remove(gone);
  messages.remove(gone);
  present?.set('lastReceivedKey', present.msgs.last()?.id);
}

/** A list of messages comes in two forms. */
type MsgList = Msg[] | { list: Msg[]; type?: string };

const listed = (msgs: MsgList): Msg[] => (Array.isArray(msgs) ? msgs : msgs.list);
const idsOf = (msgs: Msg[]): string[] => msgs.map((msg) => msg.id.id);

async function sendRevokeMsgs(_chat: Chat, msgs: MsgList, _options?: object): Promise<void> {
  for (const msg of listed(msgs)) {
    const revokeId = await MsgKey.newId();
    granted(await outbox.submit('revoke', revokeId, { ...targetOf(msg), revokeId }));
    applyRevoke(msg, identity.phone);
  }
}

async function sendDeleteMsgs(chat: Chat, msgs: MsgList, _clearMedia?: boolean | object): Promise<void> {
  const ids = idsOf(listed(msgs));
  granted(await outbox.submit('forget', await MsgKey.newId(), { chat: String(chat.id), ids }));
  applyForget(chat.id, ids);
}

/** wa-js waits for the promise that is left in the chat. */
function stars(star: boolean) {
  const set = async (chat: Chat, msgs: MsgList): Promise<void> => {
    const ids = idsOf(listed(msgs));
    granted(await outbox.submit('star', await MsgKey.newId(), { chat: String(chat.id), ids, star }));
    applyStar(chat.id, ids, star);
  };
  return (chat: Chat, msgs: MsgList): Promise<void> => {
    const done = set(chat, msgs);
    chat.promises['sendStarMsgs'] = done;
    return done;
  };
}

Cmd.offer({ sendRevokeMsgs, sendDeleteMsgs, sendStarMsgs: stars(true), sendUnstarMsgs: stars(false) });

const age = (msg: Msg): number => unixTime() - msg.t;
/** What is on its way counts: the change follows it, in order. */
const stands = (msg: Msg): boolean => msg.ack >= ACK.CLOCK && msg.type !== 'revoked';
const canEdit = (msg: Msg): boolean => msg.id.fromMe && stands(msg) && age(msg) <= EDIT_WITHIN_S;

const capabilities = {
  canEditText: (msg: Msg) => canEdit(msg) && msg.type === 'chat',
  canEditCaption: (msg: Msg) => canEdit(msg) && CAPTIONED.includes(msg.type),
  canSenderRevokeMsg: (msg: Msg) => msg.id.fromMe && stands(msg) && age(msg) <= REVOKE_WITHIN_S,
  canAdminRevokeMsg: (msg: Msg) =>
    msg.id.remote.isGroup() && !msg.id.fromMe && stands(msg) && Boolean(chats.get(msg.id.remote)?.iAmAdmin()),
  canStarMsg: (msg: Msg) => !msg.isNotification && stands(msg),
  canReactToMsg: (msg: Msg) => !msg.isNotification && stands(msg),
  canForwardMsg: (msg: Msg) => stands(msg) && (MEDIA_TYPES.includes(msg.type) || !msg.isNotification),
};

export const editModules: ModuleTable = {
  WAWebMsgActionCapability: capabilities,
  // chat.editMessage, and whatsapp-web.js message.edit
  WAWebSendMessageEditAction: {
    addAndSendMessageEdit,
    sendMessageEdit: async (msg: Msg, body: string, _options?: object) => edit(msg, body, await MsgKey.newId()),
  },
};

/** The revocation of a message as it comes in: chat.msg_revoke looks for this form. */
export function revocation(msg: Msg, revokeId: string, by: string, t: number): Attributes {
  const { remote, fromMe, participant } = msg.id;
  const person = createWid(by);
  const byWriter = msg.sender ? person.equals(msg.sender) || identity.isMe(person) && fromMe : true;
  return {
    type: 'protocol',
    subtype: byWriter ? 'sender_revoke' : 'admin_revoke',
    id: new MsgKey({ fromMe: identity.isMe(person), remote, id: revokeId, participant: participant ? person : null }),
    protocolMessageKey: msg.id,
    author: person,
    from: fromMe ? identity.phone : remote,
    to: fromMe ? remote : identity.phone,
    t,
    isNewMsg: true,
  };
}
