import { backfill, backoff, isControl, receive, START, streamQuery, type Cursor, type Frame } from "./cursor";
import type { Event } from "../api/types";

export type Link = "connecting" | "live" | "offline";

export interface StreamState {
  link: Link;
  cursor: Cursor;
}

export interface StreamDeps {
  /** A single-use ticket; rejects when none can be had now. */
  ticket: () => Promise<string>;
  open: (query: string) => WebSocket;
  /** The newest events up to `head`, for a page that starts or missed some. */
  history: (head: number) => Promise<Event[]>;
  onEvent: (event: Event) => void;
  onResync: () => void;
}

/** Heartbeats come every 15 s; after this long without any frame the socket is taken for dead. */
const SILENCE_MS = 40_000;

/**
 * The one live connection of this page. It never gives up: after a loss it waits, takes a
 * new ticket and resumes behind the last event it has applied.
 */
export class Stream {
  private state: StreamState = { link: "connecting", cursor: START };
  private listeners = new Set<() => void>();
  private socket: WebSocket | null = null;
  private attempt = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private stopped = true;

  constructor(private readonly deps: StreamDeps) {}

  getState = (): StreamState => this.state;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    void this.connect();
  }

  /** Ends the connection; `start` resumes from where it stood. */
  stop(): void {
    this.stopped = true;
    clearTimeout(this.retry);
    clearTimeout(this.silence);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  /** Forgets everything: another person signs in. */
  reset(): void {
    this.stop();
    this.attempt = 0;
    this.set({ link: "connecting", cursor: START });
  }

  /** Tries at once instead of waiting out the backoff, as when the network comes back. */
  hurry = (): void => {
    if (this.stopped || this.socket !== null || this.retry === undefined) return;
    clearTimeout(this.retry);
    void this.connect();
  };

  private async connect(): Promise<void> {
    this.retry = undefined;
    if (this.state.link !== "live") this.set({ link: this.attempt === 0 ? "connecting" : "offline" });
    try {
      const ticket = await this.deps.ticket();
      if (this.stopped || this.socket !== null) return;
      this.listen(this.deps.open(streamQuery(ticket, this.state.cursor)));
    } catch {
      this.later();
    }
  }

  private listen(socket: WebSocket): void {
    this.socket = socket;
    this.expectFrame(socket);
    socket.onmessage = (message) => {
      if (this.socket !== socket) return;
      this.expectFrame(socket);
      this.take(JSON.parse(String(message.data)) as Frame);
    };
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = null;
      clearTimeout(this.silence);
      this.later();
    };
  }

  private take(frame: Frame): void {
    const step = receive(this.state.cursor, frame);
    const live = isControl(frame) && (frame.control === "ready" || frame.control === "heartbeat");
    if (live) this.attempt = 0;
    const link = live ? "live" : this.state.link;
    if (step.cursor !== this.state.cursor || link !== this.state.link) this.set({ link, cursor: step.cursor });
    if (step.apply) this.deps.onEvent(step.apply);
    if (step.resync) this.resync();
  }

  private resync(): void {
    this.deps.onResync();
    const head = this.state.cursor.seq ?? 0;
    void this.deps.history(head).then(
      (events) => this.set({ cursor: backfill(this.state.cursor, events) }),
      // The list of recent events stays short; nothing else depends on it.
      () => undefined,
    );
  }

  private later(): void {
    if (this.stopped) return;
    this.attempt += 1;
    this.set({ link: "offline" });
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.connect(), backoff(this.attempt, Math.random()));
  }

  private expectFrame(socket: WebSocket): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      if (this.socket !== socket) return;
      this.socket = null;
      socket.close();
      this.later();
    }, SILENCE_MS);
  }

  private set(change: Partial<StreamState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }
}
