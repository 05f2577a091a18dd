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
  evidence?: Evidence | null;
  repair?: Repair | null;
  settings?: AccountSettings;
  hibernation?: Hibernation | null;
  agent?: Agent | null;
}

/** What a state rests on; its fields differ from state to state. */
export type Evidence = Record<string, unknown>;

export type Stage = "dismiss_modal" | "reload_page" | "new_page" | "new_browser" | "restore_profile" | "ask_user";

/** The repair that is under way. */
export interface Repair {
  stage: Stage;
  attempt: number;
  since: string;
  trigger: string;
}

export interface Hibernation {
  since: string;
  wake_at: string | null;
  why: "idle" | "asked" | "memory";
}

export interface Agent {
  version: string;
  wa_js: string | null;
  whatsapp_web: string | null;
  missing: { name: string; needed_for: string[] }[];
  tested_at: string;
}

export interface Proxy {
  url: string;
  username?: string | null;
  has_password?: boolean;
}

/** Null: as the node has it. */
export interface AccountSettings {
  proxy?: Proxy | null;
  user_agent?: string | null;
  locale?: string | null;
  time_zone?: string | null;
  media_downloads?: boolean | null;
  hibernate_after_s?: number | null;
  wake_every_s?: number | null;
  priority?: number | null;
  allow_other_number?: boolean | null;
}

export interface Probe {
  at: string;
  took_ms: number | null;
  error: string | null;
}

export interface Resources {
  pss_bytes: number;
  cpu_seconds: number;
  cpu_percent: number;
  processes: number;
  page_errors: number;
  measured_at: string;
}

export interface Health {
  state: AccountState;
  since: string;
  reason: string | null;
  action: string | null;
  evidence: Evidence | null;
  last_round_trip_at: string | null;
  probes: Probe[];
  restarts: number;
  last_exit: Exit | null;
  generation: number | null;
  resources: Resources | null;
  limits: { soft_bytes: number | null; hard_bytes: number | null } | null;
  repair: Repair | null;
  agent: Agent | null;
  hibernation: Hibernation | null;
}

export interface Exit {
  reason: string;
  at: string;
}

export interface TriedStage {
  stage: Stage;
  began_at: string;
  took_ms: number;
  outcome: "begun" | "helped" | "failed";
  detail: string | null;
}

/** What was tried and seen in one repair. */
export interface Bundle {
  id: string;
  at: string;
  trigger: string;
  detail?: string;
  stages: TriedStage[];
  ended: "repaired" | "gave_up" | "overtaken";
  states: { at: string; state: string; reason: string | null }[];
  console: string[];
  has_screenshot: boolean;
  /** Why there is none. */
  no_screenshot?: string | null;
  bytes: number;
}

/** An encrypted copy of a browser profile. */
export interface Snapshot {
  id: string;
  taken_at: string;
  stored_bytes: number;
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
  last_exit: Exit | null;
  permits_in_use: number;
  parent?: string | null;
  queue_depth?: number | null;
  cpu_percent?: number | null;
  pss_bytes?: number | null;
  class?: string | null;
  strategy?: string | null;
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
