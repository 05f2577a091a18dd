/** What the control API tells about the simulated network. Times are RFC 3339, phone numbers are digits. */

export interface LinkedPage {
  session: string;
  linked_at: string;
  connected: boolean;
}

export interface Phone {
  phone: string;
  name: string;
  online: boolean;
  linked: LinkedPage[];
  created_at: string;
  about?: string;
  /** Media id of its picture. */
  picture?: string | null;
  lid?: string;
  /** Numbers that it has blocked. */
  blocked?: string[];
  banned?: boolean;
  /** Ids of the groups that it is in. */
  groups?: string[];
}

/** 1: the server has it; 2: the other phone has it; 3: it was read; 4: it was played. */
export type Ack = 1 | 2 | 3 | 4;

export interface Reaction {
  by: string;
  emoji: string;
  at: string;
}

export interface Vote {
  by: string;
  options: string[];
  at: string;
}

/** How far a message came with one person, and with each device of that person. */
export interface Receipt {
  phone: string;
  ack: Ack;
  at: string | null;
  devices?: { device: string; ack: Ack; at: string | null }[];
}

/** The message that another one answers, in short. */
export interface Quoted {
  wa_message_id: string;
  author?: string | null;
  type?: string | null;
  body?: string | null;
}

export interface Message {
  wa_message_id: string;
  from_me: boolean;
  /** Who wrote it: digits. */
  author?: string;
  type: string;
  body: string;
  /** The object of its type, as the control API takes it. */
  content?: unknown;
  at: string;
  ack: Ack;
  quoted?: Quoted | null;
  forwarded?: boolean;
  edited_at?: string | null;
  revoked?: boolean;
  reactions?: Reaction[];
  votes?: Vote[];
  receipts?: Receipt[];
}

/** Somebody is writing or recording. */
export interface Typing {
  phone: string;
  state: 'composing' | 'recording';
}

/** A chat as it stands in the list of chats. */
export interface ChatHead {
  /** Digits, the id of a group, or `status@broadcast`. */
  peer: string;
  name: string;
  /** Media id. */
  picture?: string | null;
  unread: number;
  last: Message | null;
  typing?: Typing[];
}

export interface Chat {
  peer: string;
  name: string;
  unread: number;
  typing?: Typing[];
  messages: Message[];
  /** There are earlier messages than these. */
  more?: boolean;
}

export interface Participant {
  phone: string;
  name: string;
  admin: boolean;
  creator: boolean;
}

export interface Group {
  id: string;
  subject: string;
  description: string | null;
  owner: string;
  created_at: string;
  /** Only admins write. */
  announce: boolean;
  /** Only admins change subject, description and picture. */
  restrict: boolean;
  picture: string | null;
  participants: Participant[];
}

/** A stored file. */
export interface Media {
  media: string;
  mime_type: string;
  size: number;
  sha256: string;
}

/** A page that waits for a phone to link it. */
export interface WaitingPage {
  page: number;
  /** The text of its QR code, null once it has shown all of them. */
  code: string | null;
  expires_at: string | null;
  pairing: { code: string; phone: string } | null;
}

/** Timing and behaviour of the network; times in milliseconds. */
export interface Timing {
  ack_ms: number;
  deliver_ms: number;
  /** null: nobody reads unless told to. */
  read_ms: number | null;
  auto_reply: string | null;
  /** Share of messages that get lost, 0 to 1. */
  loss: number;
  seed: number;
}

/** A fault that waits or lasts. */
export interface StandingFault {
  id: number;
  kind: string;
  /** null: it is aimed at everybody. */
  phone: string | null;
  /** Strikes that are left; null: no end but its time. */
  left: number | null;
  probability: number;
}

/** A refusal, as RFC 9457 has it. */
export interface Problem {
  detail?: string;
  errors?: { pointer: string; code: string; detail: string }[];
}
