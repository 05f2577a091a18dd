import { describe, expect, it } from "vitest";
import type { Event } from "../api/types";
import { backfill, backoff, RECENT, receive, START, streamQuery, type Cursor } from "./cursor";

function event(seq: number): Event {
  return { id: `evt_${seq}`, seq, type: "message.sent", tenant: "ten_1", account: null, account_seq: null, timestamp: "2026-01-01T00:00:00.000Z", data: {} };
}

const at = (seq: number): Cursor => ({ seq, recent: [event(seq)] });

describe("receive", () => {
  it("applies events in order and remembers where it stands", () => {
    const one = receive(START, event(1));
    const two = receive(one.cursor, event(2));
    expect(two.cursor.seq).toBe(2);
    expect(two.cursor.recent.map((e) => e.seq)).toEqual([2, 1]);
    expect(two.apply?.seq).toBe(2);
    expect(two.resync).toBe(false);
  });

  it("changes nothing on a repeat", () => {
    const cursor = at(5);
    for (const seq of [5, 4]) expect(receive(cursor, event(seq))).toEqual({ cursor, apply: null, resync: false });
  });

  it("asks for a fresh read where numbers are missing, and goes on", () => {
    const step = receive(at(5), event(8));
    expect(step).toMatchObject({ resync: true, apply: { seq: 8 }, cursor: { seq: 8 } });
  });

  it("takes the first event of a page that knows nothing yet without complaint", () => {
    expect(receive(START, event(900)).resync).toBe(false);
  });

  it("takes its place from `ready` at the start, and reads what it missed", () => {
    expect(receive(START, { control: "ready", seq: 40 })).toMatchObject({ resync: true, cursor: { seq: 40 } });
  });

  it("finds a resumed stream complete when `ready` names its own place", () => {
    expect(receive(at(7), { control: "ready", seq: 7 })).toEqual({ cursor: at(7), apply: null, resync: false });
  });

  it("begins anew when the log is shorter than what it has read", () => {
    expect(receive(at(70), { control: "ready", seq: 3 })).toEqual({ cursor: { seq: 3, recent: [] }, apply: null, resync: true });
  });

  it("lets heartbeats, pongs and errors pass", () => {
    for (const control of ["heartbeat", "pong", "error"] as const) {
      expect(receive(at(7), { control, seq: 9 }).cursor.seq).toBe(7);
    }
  });

  it("keeps a bounded tail", () => {
    let cursor = START;
    for (let seq = 1; seq <= RECENT + 20; seq += 1) cursor = receive(cursor, event(seq)).cursor;
    expect(cursor.recent).toHaveLength(RECENT);
    expect(cursor.recent[0]?.seq).toBe(RECENT + 20);
  });
});

describe("backfill", () => {
  it("puts older events below, each once", () => {
    const filled = backfill(at(5), [3, 4, 5].map(event));
    expect(filled.recent.map((e) => e.seq)).toEqual([5, 4, 3]);
    expect(filled.seq).toBe(5);
  });
});

describe("resuming", () => {
  it("names the last applied event, and none on the first connection", () => {
    expect(streamQuery("t1", START)).toBe("ticket=t1");
    expect(streamQuery("t2", at(41))).toBe("ticket=t2&after=41");
  });

  it("waits longer each time, up to a bound, never less than three quarters of it", () => {
    expect([1, 2, 3, 20].map((n) => backoff(n, 0))).toEqual([500, 1000, 2000, 15_000]);
    expect(backoff(20, 0.999)).toBeGreaterThan(11_000);
  });
});
