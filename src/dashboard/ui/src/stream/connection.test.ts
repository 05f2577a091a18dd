import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Event } from "../api/types";
import { Stream } from "./connection";

/** The server's end of one socket, as the test plays it. */
class Peer {
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  closed = false;

  constructor(readonly query: string) {}

  close(): void {
    this.closed = true;
  }

  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  drop(): void {
    this.onclose?.();
  }
}

function event(seq: number): Event {
  return { id: `evt_${seq}`, seq, type: "message.sent", tenant: "ten_1", account: null, account_seq: null, timestamp: "2026-01-01T00:00:00.000Z", data: {} };
}

function page() {
  const peers: Peer[] = [];
  const applied: number[] = [];
  const onResync = vi.fn();
  let tickets = 0;
  const ticket = vi.fn(async () => `t${(tickets += 1)}`);
  const stream = new Stream({
    ticket,
    open: (query) => {
      const peer = new Peer(query);
      peers.push(peer);
      return peer as unknown as WebSocket;
    },
    history: async () => [],
    onEvent: (e) => applied.push(e.seq),
    onResync,
  });
  const last = () => peers[peers.length - 1] as Peer;
  return { stream, peers, last, applied, onResync, ticket };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it("resumes behind the last event with a new ticket, and applies each event once", async () => {
  const { stream, peers, last, applied } = page();
  stream.start();
  await vi.advanceTimersByTimeAsync(0);
  last().say({ control: "ready", seq: 3 });
  expect(stream.getState().link).toBe("live");
  last().say(event(4));
  last().drop();
  expect(stream.getState().link).toBe("offline");
  await vi.advanceTimersByTimeAsync(600);
  expect(peers.map((p) => p.query)).toEqual(["ticket=t1", "ticket=t2&after=4"]);
  last().say(event(4));
  last().say(event(5));
  last().say({ control: "ready", seq: 5 });
  expect(applied).toEqual([4, 5]);
  expect(stream.getState().link).toBe("live");
});

it("does not read everything again after a gapless resume", async () => {
  const { stream, last, onResync } = page();
  stream.start();
  await vi.advanceTimersByTimeAsync(0);
  last().say({ control: "ready", seq: 3 });
  expect(onResync).toHaveBeenCalledTimes(1);
  last().drop();
  await vi.advanceTimersByTimeAsync(600);
  last().say({ control: "ready", seq: 3 });
  expect(onResync).toHaveBeenCalledTimes(1);
});

it("keeps trying while no ticket can be had, ever more slowly", async () => {
  const { stream, ticket } = page();
  ticket.mockRejectedValue(new Error("down"));
  stream.start();
  await vi.advanceTimersByTimeAsync(120_000);
  const tries = ticket.mock.calls.length;
  expect(tries).toBeGreaterThan(8);
  expect(tries).toBeLessThan(20);
});

it("takes a silent socket for dead", async () => {
  const { stream, peers } = page();
  stream.start();
  await vi.advanceTimersByTimeAsync(0);
  peers[0]?.say({ control: "ready", seq: 1 });
  await vi.advanceTimersByTimeAsync(45_000);
  expect(peers[0]?.closed).toBe(true);
  expect(peers.length).toBeGreaterThan(1);
});

it("opens nothing after it was stopped, and ignores what an old socket still says", async () => {
  const { stream, peers, applied } = page();
  stream.start();
  await vi.advanceTimersByTimeAsync(0);
  stream.stop();
  peers[0]?.say(event(1));
  peers[0]?.drop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(peers).toHaveLength(1);
  expect(applied).toEqual([]);
});

it("waits no longer when told that the network is back", async () => {
  const { stream, ticket, peers } = page();
  ticket.mockRejectedValueOnce(new Error("down"));
  stream.start();
  await vi.advanceTimersByTimeAsync(0);
  expect(peers).toHaveLength(0);
  stream.hurry();
  await vi.advanceTimersByTimeAsync(0);
  expect(peers).toHaveLength(1);
});
