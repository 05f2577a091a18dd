/** The JSON that Zaptor's API speaks, as far as this page reads it. */

export type AccountState =
  | "created"
  | "starting"
  | "pairing"
  | "syncing"
  | "online"
  | "degraded"
  | "restarting"
  | "hibernated"
  | "stopped"
  | "logged_out"
  | "banned"
  | "failed";

export type Engine = "browser" | "simulated";

export interface Account {
  id: string;
  name: string;
  engine: Engine;
  state: AccountState;
  reason: string | null;
  action: string | null;
  since: string;
  phone: string | null;
  push_name: string | null;
  labels: string[];
  last_round_trip_at: string | null;
  restarts: number;
  created_at: string;
}

export interface Pairing {
  method: "qr" | "code";
  code: string;
  expires_at: string;
  attempt: number;
}

export type MessageStatus =
  | "scheduled"
  | "queued"
  | "sending"
  | "sent"
  | "delivered"
  | "read"
  | "played"
  | "failed"
  | "cancelled"
  | "expired"
  | "unknown"
  | "received";

export interface TimelineStep {
  status: MessageStatus;
  at: string;
  attempt: number;
  node: string | null;
  cause: string | null;
}

export interface Message {
  id: string;
  wa_message_id: string | null;
  account: string;
  direction: "outbound" | "inbound";
  status: MessageStatus;
  type: string;
  text?: { body: string } | null;
  from: string | null;
  to: { input: string; jid: string } | null;
  chat: string;
  sender_name: string | null;
  cost: number;
  priority: string;
  send_at: string | null;
  expires_at: string | null;
  callback_data: string | null;
  created_at: string;
  updated_at: string;
  error: { code: string; detail: string } | null;
  timeline?: TimelineStep[];
}

export interface Balance {
  available: number;
  held: number;
}

export interface Accepted {
  id: string;
  wa_message_id: string;
  status: MessageStatus;
  account: string;
  to: { input: string; jid: string };
  cost: number;
  balance: Balance;
}

export interface Wallet extends Balance {
  spent_today: number;
  low_threshold: number;
}

export interface WalletEntry {
  id: string;
  kind: "top_up" | "hold" | "post" | "void";
  amount: number;
  message: string | null;
  note: string | null;
  created_at: string;
}

export interface User {
  id: string;
  email: string;
  role: "admin" | "client" | "api_user";
  tenant: string;
}

export interface Login {
  access_token: string;
  token_type: string;
  expires_in: number;
  refresh_token: string;
  user: User;
}

export interface ApiKey {
  id: string;
  name: string;
  prefix: string;
  scopes: string[];
  mode: "live" | "test";
  created_at: string;
  last_used_at: string | null;
  /** Only in the answer that creates the key. */
  key?: string;
}

export interface SystemInfo {
  version: string;
  node: string;
  sandbox_url: string | null;
  uptime_seconds: number;
}

export interface ActorRow {
  name: string;
  account: string | null;
  state: string;
  generation: number;
  restarts: number;
  last_exit: { reason: string; at: string } | null;
  permits_in_use: number;
}

/** One entry of the tenant's numbered event log. */
export interface Event {
  id: string;
  seq: number;
  type: string;
  tenant: string;
  account: string | null;
  account_seq: number | null;
  timestamp: string;
  data: Record<string, unknown>;
}

export interface Page<T> {
  data: T[];
  next: string | null;
}

export interface Problem {
  title: string;
  status: number;
  detail: string;
  code: string;
  retryable: boolean;
  outcome?: string;
  request_id?: string;
  errors?: { pointer: string; code: string; detail: string }[];
}
