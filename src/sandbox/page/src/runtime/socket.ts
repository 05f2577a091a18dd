import { EventEmitter } from '../base/emitter';
import type { Answer, Ask, Notices, Push, Verb } from '../protocol';

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;
const ANSWER_WITHIN_MS = 30_000;

/** Why a request has no answer: there is no connection, it broke, or the server stayed silent. */
export class LinkDown extends Error {}

interface Waiting {
  resolve(answer: never): void;
  reject(error: Error): void;
  deadline?: ReturnType<typeof setTimeout> | undefined;
}

/**
 * The connection to the sandbox server. It comes back by itself after a break, with growing pauses.
 *
 * Events: `open` on every new connection, `push` (frame) for what the server sends unasked, `down` when
 * a connection is lost.
 */
export class Link extends EventEmitter {
  #socket: WebSocket | undefined;
  #retryMs = FIRST_RETRY_MS;
  #requests = 0;
  #slowMs = 0;
  #slowUntil = 0;
  readonly #waiting = new Map<number, Waiting>();

  connect(url: string): void {
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.onopen = () => this.trigger('open');
    socket.onmessage = (event) => this.#later(() => this.#receive(JSON.parse(String(event.data))));
    socket.onclose = () => {
      this.#socket = undefined;
      this.#failWaiting();
      this.trigger('down');
      setTimeout(() => this.connect(url), this.#nextPause());
    };
  }

  /** Breaks the connection off, so that a new one takes its place. */
  renew(): void {
    this.#socket?.close();
  }

  /** There is a connection. */
  get up(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /**
   * Asks the server. Rejects with LinkDown where no answer can come any more. `patient` waits for as
   * long as the connection lasts, instead of half a minute.
   */
  request<V extends Verb>(verb: V, ask: Ask<V>, patient = false): Promise<Answer<V>> {
    const rid = ++this.#requests;
    return new Promise<Answer<V>>((resolve, reject) => {
      if (!this.#transmit({ t: verb, rid, ...ask })) {
        reject(new LinkDown(`Not connected: ${verb}`));
        return;
      }
      const waiting: Waiting = { resolve, reject };
      if (!patient) {
        waiting.deadline = setTimeout(() => {
          this.#waiting.delete(rid);
          reject(new LinkDown(`No answer in time: ${verb}`));
        }, ANSWER_WITHIN_MS);
      }
      this.#waiting.set(rid, waiting);
    });
  }

  /** Tells the server something. Lost where there is no connection. */
  notify<V extends keyof Notices>(verb: V, notice: Notices[V]): void {
    this.#transmit({ t: verb, ...notice });
  }

  /** From now on every frame is late by `byMs`, for `forMs`. The order stays. */
  slowDown(byMs: number, forMs: number): void {
    this.#slowMs = byMs;
    this.#slowUntil = performance.now() + forMs;
  }

  #later(run: () => void): void {
    if (performance.now() < this.#slowUntil) setTimeout(run, this.#slowMs);
    // The last late ones go first.
    else if (performance.now() < this.#slowUntil + this.#slowMs) {
      setTimeout(run, this.#slowUntil + this.#slowMs - performance.now());
    } else run();
  }

  #transmit(frame: object): boolean {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return false;
    this.#later(() => {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
    });
    return true;
  }

  #receive(frame: Push | { rid: number }): void {
    this.#retryMs = FIRST_RETRY_MS;
    if (!('rid' in frame)) {
      this.trigger('push', frame);
      return;
    }
    const waiting = this.#waiting.get(frame.rid);
    if (!waiting) return;
    this.#waiting.delete(frame.rid);
    clearTimeout(waiting.deadline);
    waiting.resolve(frame as never);
  }

  #failWaiting(): void {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const waiting of all) {
      clearTimeout(waiting.deadline);
      waiting.reject(new LinkDown('The connection broke'));
    }
  }

  /** Doubles each time, and varies by a fifth so that many pages do not return in step. */
  #nextPause(): number {
    const pause = this.#retryMs * (0.9 + Math.random() * 0.2);
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
    return pause;
  }
}

export const link = new Link();
