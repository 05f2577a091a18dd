/** The sandbox that runs (its address is in SANDBOX_URL), and a page on it with the unmodified wa-js. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, open, until, type Client } from './browser';

const SANDBOX = process.env['SANDBOX_URL'] ?? '';
/** Where to leave screenshots; none are taken without it. */
const SHOTS = process.env['SCREENSHOTS'];
const READY = "WPP.conn.isAuthenticated() && WPP.whatsapp.Stream.mode === 'MAIN' && WPP.isFullReady";

/** Asks the control API. */
export async function control(method: string, path: string, body?: object): Promise<any> {
  const answer = await fetch(`${SANDBOX}/_/api${path}`, {
    method, ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${answer.ok ? '' : await answer.text()}`);
  return answer.status === 204 ? undefined : answer.json();
}

/** Somebody with a phone of the sandbox. */
export class Person {
  readonly id: string;

  constructor(readonly number: string, readonly name: string) {
    this.id = `${number}@c.us`;
  }

  create(): Promise<any> {
    return control('POST', '/phones', { phone: this.number, name: this.name });
  }

  do(action: string, body: object): Promise<any> {
    return control('POST', `/phones/${this.number}/${action}`, body);
  }

  /** Writes a message; answers its id. */
  async write(to: string, message: object): Promise<string> {
    return (await this.do('messages', { to, ...message })).wa_message_id;
  }

  /** What this person sees in a chat, oldest first. */
  async sees(chat: string): Promise<any[]> {
    return (await control('GET', `/phones/${this.number}/chats/${chat}/messages?limit=100`)).data;
  }

  /** The message with this id, as this person sees it, once it satisfies. */
  see(chat: string, id: string, satisfies: (message: any) => unknown = () => true): Promise<any> {
    return until(`${this.name} sees ${id}`, async () =>
      (await this.sees(chat)).find((message) => message.wa_message_id === id && satisfies(message)));
  }
}

/** A page in a browser of its own, with a profile that outlives the browser. */
export class LinkedPage {
  readonly #profile = mkdtempSync(join(tmpdir(), 'sandbox-page-'));
  /** What the page has complained of, in all of its browsers. Connections that a fault cuts are no complaint of its. */
  readonly errors: string[] = [];
  client!: Client;

  /** Starts a browser on the profile. */
  async start(): Promise<void> {
    const { chromium_args } = await control('GET', '/info');
    this.client = await open(this.#profile, chromium_args, (error) => {
      if (!/WebSocket connection to/.test(error)) this.errors.push(error);
    });
  }

  /** Starts a browser, and links it to somebody's phone. */
  async link(owner: Person): Promise<void> {
    await this.start();
    await owner.do('scan', { code: await this.authCode() });
    await this.ready();
  }

  authCode(): Promise<string> {
    return until('an auth code', () => this.ask<string | null>(
      'window.WPP?.isReady && WPP.conn.getAuthCode().then((code) => code?.fullCode ?? null)'), 20_000);
  }

  ready(): Promise<unknown> {
    return until('the page is ready to send', () => this.ask(READY), 20_000);
  }

  /** Evaluates an expression in the page. Models must be cut down to plain data there. */
  ask<T = any>(expression: string): Promise<T | undefined> {
    return ask<T>(this.client, expression);
  }

  /** Has wa-js reported this? */
  has(name: string, satisfies: (data: any) => unknown = () => true): boolean {
    return this.client.events.some((event) => event.name === name && satisfies(event.data));
  }

  /** The first event of wa-js with this name that satisfies. */
  async heard(name: string, satisfies: (data: any) => unknown = () => true): Promise<any> {
    const found = await until(name, () => this.client.events.find((event) => event.name === name && satisfies(event.data)));
    return found.data;
  }

  async shot(name: string): Promise<void> {
    if (SHOTS) await this.client.page.screenshot({ path: join(SHOTS, `${name}.png`) as `${string}.png` });
  }

  /** Ends the browser, and keeps the profile. */
  leave(): Promise<void> {
    return this.client.close();
  }

  async close(): Promise<void> {
    await this.client?.close();
    rmSync(this.#profile, { recursive: true, force: true });
  }
}
