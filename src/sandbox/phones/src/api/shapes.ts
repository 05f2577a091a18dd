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
}

/** 1: the server has it; 2: the other phone has it; 3: it was read. */
export type Ack = 1 | 2 | 3;

export interface Message {
  wa_message_id: string;
  from_me: boolean;
  type: string;
  body: string;
  at: string;
  ack: Ack;
}

/** A chat as it stands in the list of chats. */
export interface ChatHead {
  peer: string;
  name: string;
  unread: number;
  last: Message | null;
}

export interface Chat {
  peer: string;
  name: string;
  unread: number;
  messages: Message[];
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

/** A refusal, as RFC 9457 has it. */
export interface Problem {
  detail?: string;
  errors?: { pointer: string; code: string; detail: string }[];
}
