import type { Event } from "../api/types";

/** Where this page stands in the tenant's event log, and its newest events. */
export interface Cursor {
  /** The last sequence number applied; null before the first frame. */
  seq: number | null;
  /** Newest first, at most `RECENT`. */
  recent: Event[];
}

export const RECENT = 500;

export const START: Cursor = { seq: null, recent: [] };

export interface Control {
  control: "ready" | "heartbeat" | "pong" | "error";
  seq?: number;
  code?: string;
  detail?: string;
}

export type Frame = Event | Control;

export interface Step {
  cursor: Cursor;
  /** The event to apply to what is on screen; null for repeats and control frames. */
  apply: Event | null;
  /** True when events were missed or the log began anew: what is on screen must be read again. */
  resync: boolean;
}

export function isControl(frame: Frame): frame is Control {
  return "control" in frame;
}

/** Takes one frame. Repeats change nothing; a hole in the numbers asks for a fresh read. */
export function receive(cursor: Cursor, frame: Frame): Step {
  return isControl(frame) ? control(cursor, frame) : event(cursor, frame);
}

function event(cursor: Cursor, frame: Event): Step {
  if (cursor.seq !== null && frame.seq <= cursor.seq) {
    return { cursor, apply: null, resync: false };
  }
  const hole = cursor.seq !== null && frame.seq > cursor.seq + 1;
  const recent = [frame, ...cursor.recent].slice(0, RECENT);
  return { cursor: { seq: frame.seq, recent }, apply: frame, resync: hole };
}

function control(cursor: Cursor, frame: Control): Step {
  const unchanged: Step = { cursor, apply: null, resync: false };
  if (frame.control !== "ready" || frame.seq === undefined) return unchanged;
  if (cursor.seq === null) {
    return { cursor: { ...cursor, seq: frame.seq }, apply: null, resync: true };
  }
  if (frame.seq < cursor.seq) {
    // The log is shorter than what we have read: another database answers now.
    return { cursor: { seq: frame.seq, recent: [] }, apply: null, resync: true };
  }
  return { ...unchanged, resync: frame.seq > cursor.seq };
}

/** Adds older events, read over HTTP, below the live ones. */
export function backfill(cursor: Cursor, older: Event[]): Cursor {
  const known = new Set(cursor.recent.map((e) => e.seq));
  const merged = [...cursor.recent, ...older.filter((e) => !known.has(e.seq))];
  merged.sort((a, b) => b.seq - a.seq);
  return { ...cursor, recent: merged.slice(0, RECENT) };
}

/** The stream's query: a single-use ticket and, when resuming, where to go on from. */
export function streamQuery(ticket: string, cursor: Cursor): string {
  const query = new URLSearchParams({ ticket });
  if (cursor.seq !== null) query.set("after", String(cursor.seq));
  return query.toString();
}

/** How long to wait before the nth attempt in a row (from 1), in ms: 0.5 s doubling to 15 s, then up to a quarter less by `random` in [0, 1). */
export function backoff(attempt: number, random: number): number {
  const full = Math.min(15_000, 500 * 2 ** Math.min(attempt - 1, 10));
  return Math.round(full * (1 - 0.25 * random));
}
