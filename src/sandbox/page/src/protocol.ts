/**
 * The frames that the page and the sandbox server exchange: one JSON object per text frame over
 * `wss://web.whatsapp.com/ws/chat`. The verb is `t`. A request carries a `rid`, and its answer comes
 * back with the same `rid` and no `t`. Everything else is a push in one direction.
 *
 * Times (`t`, `at`) are Unix seconds. Ids of people and chats are the strings a Wid prints:
 * `5511…@c.us`, `…@lid`, `…@g.us`, `status@broadcast`.
 */

/** Who this page is, once linked. */
export interface Me {
  pn: string;
  lid: string;
  name: string;
}

export interface ContactEntry {
  id: string;
  lid?: string;
  /** As the account calls them. */
  name?: string;
  /** As they call themselves. */
  pushname?: string;
  /** Where its picture is, if it has one. */
  picture?: string;
}

/** A reaction as it stands on a message. An empty emoji never stands: it takes the reaction away. */
export interface RawReaction {
  /** WhatsApp id of the reaction itself. */
  id: string;
  by: string;
  emoji: string;
  t: number;
}

/** What one person has chosen in a poll: names of options. Empty: the vote was taken back. */
export interface RawVote {
  id: string;
  by: string;
  options: string[];
  t: number;
}

/**
 * A message as the server stores and forwards it. The fields that belong to its type stand beside
 * `body`, under the names that the real page's model gives them: see CONTENT_FIELDS.
 */
export interface RawMessage {
  id: string;
  fromMe?: boolean;
  t: number;
  /** `revoked` once it was taken back: then nothing of its content is left. */
  type: string;
  body?: string;
  ack?: number;
  notifyName?: string;
  /** The person who wrote, where the chat is a group or `status@broadcast`. */
  author?: string;
  /** The latest edit: id of the edit itself, and its time. `body` (or `caption`) is the new text. */
  edit?: { id: string; t: number };
  revoked?: { id: string; by: string; t: number };
  reactions?: RawReaction[];
  votes?: RawVote[];
  starred?: boolean;
  [field: string]: unknown;
}

export interface Participant {
  /** By phone number. */
  id: string;
  lid: string;
  isAdmin: boolean;
  isSuperAdmin: boolean;
}

export interface GroupInfo {
  id: string;
  subject: string;
  subjectTime: number;
  owner: string;
  creation: number;
  desc?: string;
  descId?: string;
  descTime?: number;
  /** Only admins write. */
  announce: boolean;
  /** Only admins change subject, description, picture. */
  restrict: boolean;
  /** Who lets people in: admins alone, unless it says otherwise. */
  memberAddMode?: 'admin_add' | 'all_member_add';
  picture?: string;
  participants: Participant[];
}

/** What an account keeps about a chat, on all of its devices. */
export interface ChatSettings {
  archive?: boolean;
  /** When it was pinned, in Unix seconds; 0: not pinned. */
  pin?: number;
  /** Until when it is muted; 0: not muted, -1: for ever. */
  muteExpiration?: number;
  /** Marked as unread by hand. */
  markedUnread?: boolean;
}

export interface ChatEntry extends ChatSettings {
  id: string;
  lid?: string;
  name?: string;
  /** How many inbound messages nobody has seen yet. */
  unread?: number;
  /** Recent history, oldest first. It holds what any session of this account sent. */
  msgs?: RawMessage[];
}

/** The account as a linked page finds it. */
export interface Snapshot {
  me: Me;
  contacts: ContactEntry[];
  /** Chats with their latest messages; what is older comes as `history`. */
  chats: ChatEntry[];
  groups: GroupInfo[];
  blocklist: string[];
  /** How many frames `history` follow; the page has synced after the last one. */
  historyFrames: number;
  /** How long the page pretends to be busy syncing, at least. */
  syncMs: number;
}

/** What a message says: its type, and the fields that belong to that type. */
export interface MessageContent {
  type: string;
  [field: string]: unknown;
}

/** Names a message of a chat: `author` where it is not ours and the chat is a group or `status@broadcast`. */
export interface Target {
  chat: string;
  id: string;
  fromMe: boolean;
  author?: string;
}

/** How it went for one participant: `200` done, `403` only by invitation, `404` not on WhatsApp, `409` is in already. */
export interface ParticipantResult {
  id: string;
  code: number;
}

/** Requests of the page and the server's answers to them. An answer may be `{error}` instead. */
export interface Requests {
  /** Deliver a message. An id seen before is acknowledged again and delivered once only. */
  send: {
    ask: { to: string; id: string; msg: MessageContent };
    answer: { at: number };
  };
  /** Change the text (or caption) of an own message. `id` of the target; `editId` names the edit. */
  edit: { ask: Target & { editId: string; body: string }; answer: { at: number } };
  /** Take a message back for everyone: an own one, or as an admin of the group. */
  revoke: { ask: Target & { revokeId: string }; answer: { at: number } };
  /** An empty emoji takes the reaction away. */
  react: { ask: Target & { reactionId: string; emoji: string }; answer: { at: number } };
  /** Names of the options chosen; none takes the vote back. */
  vote: { ask: Target & { voteId: string; options: string[] }; answer: { at: number } };
  /** Keep or drop the star of messages. */
  star: { ask: { chat: string; ids: string[]; star: boolean }; answer: object };
  /** Delete messages for this account alone. */
  forget: { ask: { chat: string; ids: string[] }; answer: object };
  /** Older messages of a chat: those before the message `before`, or the latest; oldest first. */
  history: { ask: { chat: string; before?: string; count: number }; answer: { msgs: RawMessage[]; more: boolean } };
  /** Archive, pin, mute, mark as unread; or empty the chat, or remove it altogether. */
  chat_set: { ask: { chat: string; clear?: boolean; remove?: boolean } & ChatSettings; answer: object };

  /** Is this number on WhatsApp? An answer without `wid` means no. */
  exists: { ask: { id: string }; answer: { wid?: string; lid?: string } };
  /** The "about" text. Never answered from a cache, so it proves a round trip. */
  about: { ask: { id: string }; answer: { about?: string } };
  set_about: { ask: { about: string }; answer: object };
  set_name: { ask: { name: string }; answer: object };
  /** Of a person or a group; no `url`: there is none. */
  picture: { ask: { id: string }; answer: { url?: string } };
  /** The own picture or that of a group; no media id removes it. */
  set_picture: { ask: { id: string; mediaId?: string }; answer: { url?: string } };
  block: { ask: { id: string }; answer: { ids: string[] } };
  unblock: { ask: { id: string }; answer: { ids: string[] } };
  /** How many devices somebody has: the phone, and what is linked to it. */
  devices: { ask: { id: string }; answer: { devices: number } };
  /** How the account calls somebody in its own address book; without a name they are taken out of it. */
  contact_save: { ask: { id: string; name?: string }; answer: object };

  group_create: { ask: { subject: string; participants: string[] }; answer: { info: GroupInfo; results: ParticipantResult[] } };
  group_info: { ask: { id: string }; answer: { info: GroupInfo } };
  groups: { ask: object; answer: { groups: GroupInfo[] } };
  group_participants: {
    ask: { id: string; action: 'add' | 'remove' | 'promote' | 'demote'; participants: string[] };
    answer: { results: ParticipantResult[] };
  };
  group_set: {
    ask: {
      id: string;
      subject?: string;
      desc?: string;
      announce?: boolean;
      restrict?: boolean;
      memberAddMode?: 'admin_add' | 'all_member_add';
    };
    answer: { info: GroupInfo };
  };
  group_leave: { ask: { id: string }; answer: object };
  /** The code of the invite link `https://chat.whatsapp.com/CODE`; `revoke` makes a new one. */
  group_invite: { ask: { id: string; revoke?: boolean }; answer: { code: string } };
  group_invite_info: { ask: { code: string }; answer: { info: GroupInfo } };
  group_join: { ask: { code: string }; answer: { id: string } };

  /** A code to type on the phone, instead of scanning. */
  pairing_code: { ask: { phone: string }; answer: { code: string } };
  logout: { ask: object; answer: object };
}

export type Verb = keyof Requests;
export type Ask<V extends Verb> = Requests[V]['ask'];
export type Answer<V extends Verb> = Requests[V]['answer'] & { error?: string };

/** What the page tells the server without waiting for an answer. */
export interface Notices {
  /** First frame on every connection. Without a token the page asks to be linked. `resumes`: it has the history. */
  hello: { token?: string; v: string; resumes?: boolean };
  /** Fresh QR references, please. */
  refs: object;
  presence: { available: boolean };
  presence_sub: { id: string };
  chatstate: { id: string; state: 'composing' | 'paused' | 'recording' };
  /** The person at the page has seen the chat, up to the last message that had come in: later ones are still on their way. */
  seen: { id: string; last?: string };
  /** A voice note was listened to, a status post was looked at. */
  played: { chat: string; ids: string[]; author?: string };
  /** The "What's new" dialog was dismissed. */
  dismissed: { id: number };
}

/** The greeting: either QR references to show, or the account this token belongs to. */
export type Welcome = { refs: string[]; refMs: number } | Snapshot;

/** What the server pushes. */
export interface Pushes {
  welcome: Welcome;
  refs: { refs: string[] };
  paired: Snapshot & { token: string };
  /** More of the history, for a page that was just loaded. */
  history: { chats: { id: string; msgs: RawMessage[] }[] };
  msg: { chat: string; lid?: string; raw: RawMessage };
  /**
   * Delivered (2), read (3) or played (4), for messages this account sent. In a group: by that participant,
   * and `all` is how far it has come for everybody.
   */
  receipt: { chat: string; ids: string[]; ack: number; participant?: string; all?: number; t2?: number };
  /** Somebody, or another device of this account, has edited, taken back, reacted, voted. */
  edited: Target & { editId: string; body: string; at: number };
  revoked: Target & { revokeId: string; by: string; at: number };
  reaction: Target & { reaction: RawReaction };
  vote: Target & { vote: RawVote };
  /** Another device of this account has done this. */
  starred: { chat: string; ids: string[]; star: boolean };
  forgotten: { chat: string; ids: string[] };
  chat_set: { chat: string; clear?: boolean; remove?: boolean } & ChatSettings;
  /** The group as it is now; without us among the participants we are out. The notice of it is a `msg` of type `gp2`. */
  group: { info: GroupInfo; action: GroupAction; by?: string; participants?: string[] };
  contact: ContactEntry;
  about: { id: string; about: string };
  blocklist: { ids: string[] };
  presence: { id: string; online: boolean; state?: string; /** Where they type, if not in their own chat with us. */ chat?: string };
  logout: { reason?: string };
  /** Something goes wrong with this page on purpose. */
  fault: { id: number; kind: string; forMs: number };
}

/** Also the `subtype` of the notice. */
export type GroupAction =
  | 'create' | 'add' | 'remove' | 'promote' | 'demote' | 'leave' | 'invite'
  | 'subject' | 'description' | 'picture' | 'announce' | 'restrict' | 'revoke_invite';

export type PushVerb = keyof Pushes;
export type Push = { [V in PushVerb]: { t: V } & Pushes[V] }[PushVerb];
