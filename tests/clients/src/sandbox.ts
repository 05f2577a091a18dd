/** A `zaptor sandbox` of our own, and the people on its phones. */

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { until } from './rows';

/** One line of the delivery log: what reached the simulated server. */
export interface Delivery {
  wa_message_id: string;
  from: string;
  to: string;
  type: string;
  body?: string;
  [field: string]: any;
}

type Json = Record<string, unknown>;

/** Clients begin to listen for the end of the sync some time after the page has loaded. */
const SYNC_MS = 1_200;

export class Sandbox {
  readonly #process: ChildProcess | undefined;
  readonly url: string;
  /** With these arguments Chromium finds the sandbox at https://web.whatsapp.com, and nothing else. */
  readonly chromiumArgs: string[];
  /** For browser profiles and the like; removed at the end. */
  readonly folder: string;

  private constructor(process: ChildProcess | undefined, folder: string, url: string, chromiumArgs: string[]) {
    this.#process = process;
    this.folder = folder;
    this.url = url;
    this.chromiumArgs = chromiumArgs;
  }

  /** Starts the program at this path, with a fresh data directory. */
  static async start(program: string): Promise<Sandbox> {
    const folder = mkdtempSync(join(tmpdir(), 'zaptor-clients-'));
    const child = spawn(program, ['sandbox', '--json', '--port', '0', '--data-dir', join(folder, 'sandbox')], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ZAPTOR__SANDBOX__SYNC_MS: String(SYNC_MS) },
    });
    // Where the run ends early the sandbox ends with it.
    process.once('exit', () => child.kill('SIGKILL'));
    const first = await firstLine(child);
    const { sandbox_url: url, chromium_args: args } = JSON.parse(first) as { sandbox_url: string; chromium_args: string[] };
    return new Sandbox(child, folder, url, args);
  }

  /** One that somebody else has started, and stops. */
  static running(url: string, chromiumArgs: string[], folder: string): Sandbox {
    return new Sandbox(undefined, folder, url, chromiumArgs);
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (!child) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  get(path: string): Promise<any> {
    return this.#call('GET', path);
  }

  post(path: string, body: Json = {}): Promise<any> {
    return this.#call('POST', path, body);
  }

  patch(path: string, body: Json): Promise<any> {
    return this.#call('PATCH', path, body);
  }

  /** Where the pages' WebSocket is: the host that Chromium finds at https://web.whatsapp.com. */
  get pageSocket(): string {
    const host = /MAP web\.whatsapp\.com ([\d.]+:\d+)/.exec(this.chromiumArgs.join(' '))?.[1];
    if (!host) throw new Error(`no host for the page in ${this.chromiumArgs.join(' ')}`);
    return `wss://${host}/ws/chat`;
  }

  /** The bytes of a file that was sent or set as a picture. */
  async media(id: string): Promise<Buffer> {
    const response = await fetch(`${this.url}/_/api/media/${id}`);
    if (!response.ok) throw new Error(`the control API says ${response.status} to the file ${id}`);
    return Buffer.from(await response.arrayBuffer());
  }

  /** Puts a file where phones send from. Answers its id. */
  async upload(bytes: Buffer, mimetype: string): Promise<{ media: string }> {
    const response = await fetch(`${this.url}/_/api/media`, {
      method: 'POST',
      headers: { 'content-type': mimetype },
      body: new Uint8Array(bytes),
    });
    if (!response.ok) throw new Error(`the control API says ${response.status} to a file: ${await response.text()}`);
    return response.json() as Promise<{ media: string }>;
  }

  async group(id: string): Promise<any> {
    return this.get(`/groups/${id}`);
  }

  /** A phone and its owner. */
  async phone(number: string, name: string): Promise<Phone> {
    await this.post('/phones', { phone: number, name });
    return new Phone(this, number, name);
  }

  async deliveries(query: Record<string, string> = {}): Promise<Delivery[]> {
    return (await this.get(`/deliveries?${new URLSearchParams(query)}`)).data;
  }

  /** The one message with this WhatsApp id, once it is in the log. */
  async delivered(id: string): Promise<Delivery> {
    return until(`message ${id} in the delivery log`, async () => (await this.deliveries({ wa_message_id: id }))[0]);
  }

  /** The same, once it is on the phones that it is for. */
  async arrived(id: string): Promise<Delivery> {
    return this.deliveredAs(id, 'on the phones', (delivery) => delivery['ack'] >= 2);
  }

  /** The message with this WhatsApp id, once what the log says of it fits. */
  async deliveredAs(id: string, what: string, fits: (delivery: Delivery) => unknown): Promise<Delivery> {
    return until(`message ${id} ${what}`, async () =>
      (await this.deliveries({ wa_message_id: id })).find((delivery) => fits(delivery)));
  }

  async #call(method: string, path: string, body?: Json): Promise<any> {
    const response = await fetch(`${this.url}/_/api${path}`, {
      method,
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`the control API says ${response.status} to ${method} ${path}: ${text}`);
    return text ? JSON.parse(text) : undefined;
  }
}

/** What the owner of a phone does, through the control API. */
export class Phone {
  readonly #sandbox: Sandbox;
  readonly number: string;
  readonly name: string;

  constructor(sandbox: Sandbox, number: string, name: string) {
    this.#sandbox = sandbox;
    this.number = number;
    this.name = name;
  }

  /** The id by phone number. */
  get id(): string {
    return `${this.number}@c.us`;
  }

  do(action: string, body: Json = {}): Promise<any> {
    return this.#sandbox.post(`/phones/${this.number}/${action}`, body);
  }

  /** Answers the WhatsApp id. */
  async send(to: string, message: Json): Promise<string> {
    return (await this.do('messages', { to, ...message })).wa_message_id;
  }

  show(): Promise<any> {
    return this.#sandbox.get(`/phones/${this.number}`);
  }

  async chats(): Promise<any[]> {
    return (await this.#sandbox.get(`/phones/${this.number}/chats`)).data;
  }

  /** The chat with this peer: a number, a group's id, or `status@broadcast`. */
  async chat(peer: string): Promise<any> {
    return (await this.chats()).find((chat) => chat.peer === peer);
  }

  /** The latest messages of a chat as this phone has them, oldest first. */
  async messages(peer: string): Promise<any[]> {
    const path = `/phones/${this.number}/chats/${encodeURIComponent(peer)}/messages?limit=200`;
    return (await this.#sandbox.get(path)).data;
  }

  /** The message with this id, once this phone has it and it fits. */
  async has(peer: string, id: string, what: string, fits: (message: any) => unknown = () => true): Promise<any> {
    return until(`${this.name} to have message ${id} ${what}`, async () =>
      (await this.messages(peer)).find((message) => message.wa_message_id === id && fits(message)));
  }
}

/** Who takes part in every run. */
export interface People {
  /** To whose phone the client is linked. */
  me: Phone;
  anna: Phone;
  ben: Phone;
  /** She is nobody's contact at first. */
  cleo: Phone;
}

export async function people(sandbox: Sandbox): Promise<People> {
  return {
    me: await sandbox.phone('5511987650001', 'Maria'),
    anna: await sandbox.phone('5511987650002', 'Anna'),
    ben: await sandbox.phone('5511987650003', 'Ben'),
    cleo: await sandbox.phone('5511987650004', 'Cleo'),
  };
}

/** Debian's binaries themselves: its commands in /usr/bin are scripts, and outlive a kill of theirs. */
const BROWSERS = ['/usr/lib/chromium/chromium-headless-shell', '/usr/lib/chromium/chromium'];

/** The path of the browser: `CHROMIUM` where it is set. */
export function chromium(): string {
  const path = [process.env['CHROMIUM'], ...BROWSERS].find((path) => path && existsSync(path));
  if (!path) throw new Error('No Chromium found: install Debian\'s, or set CHROMIUM to the path of one');
  return path;
}

/** What every browser of these runs gets beside the sandbox's own arguments. */
export const BROWSER_ARGS = [
  '--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--no-first-run', '--no-default-browser-check',
  '--disable-extensions', '--disable-background-networking', '--mute-audio',
];

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the sandbox ended with ${code} before it was up`)));
    if (child.stdout) createInterface({ input: child.stdout }).once('line', resolve);
  });
}
