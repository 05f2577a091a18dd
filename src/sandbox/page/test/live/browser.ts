/** A Chromium with wa-js in every page, and what wa-js reports collected outside of the page. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';

declare const PAGE_ROOT: string;

/** Debian's binaries themselves: its commands in /usr/bin are scripts, and outlive a kill of theirs. */
const BINARIES = [
  process.env['CHROMIUM'], '/usr/lib/chromium/chromium-headless-shell', '/usr/lib/chromium/chromium',
];

/** One event of wa-js, as plain data. */
export interface Reported {
  name: string;
  data: any;
}

export interface Client {
  browser: Browser;
  page: Page;
  /** Everything wa-js has reported so far, oldest first. */
  events: Reported[];
  close(): Promise<void>;
}

/** Starts a browser on the given profile folder. */
export async function launch(profile: string, args: string[]): Promise<Browser> {
  const executablePath = BINARIES.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error('No Chromium found: set CHROMIUM to its path');
  return puppeteer.launch({
    executablePath,
    userDataDir: profile,
    args: [...args, '--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
    defaultViewport: { width: 1000, height: 640 },
  });
}

/** Starts a browser on the given profile folder and opens the page. `complained` hears its errors and failed scripts. */
export async function open(
  profile: string, args: string[], complained: (error: string) => void = () => undefined,
): Promise<Client> {
  const browser = await launch(profile, args);
  const page = (await browser.pages())[0] ?? (await browser.newPage());
  const client: Client = {
    browser, page, events: [], close: () => browser.close(),
  };
  page.on('console', (message) => {
    if (message.type() === 'error') complained(message.text());
  });
  page.on('pageerror', (error) => complained(String(error)));
  await page.exposeFunction('report', (name: string, data: string) => {
    client.events.push({ name, data: JSON.parse(data) });
  });
  const bundle = join(PAGE_ROOT, 'node_modules/@wppconnect/wa-js/dist/wppconnect-wa.js');
  await page.evaluateOnNewDocument('window.WPPConfig = { disableGoogleAnalytics: true };');
  await page.evaluateOnNewDocument(readFileSync(bundle, 'utf8'));
  await page.evaluateOnNewDocument(forwardEvents);
  await page.goto('https://web.whatsapp.com/');
  return client;
}

/** Runs in the page. Models are cut down to plain data before they leave it. */
function forwardEvents(): void {
  const { WPP, report } = window as any;
  const plain = (value: any): unknown => {
    if (value?.id?._serialized && 'ack' in value) {
      return { id: String(value.id), body: value.body, ack: value.ack, fromMe: value.id.fromMe };
    }
    if (Array.isArray(value)) return value.map(plain);
    if (value?._serialized) return String(value);
    if (value && typeof value === 'object') {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
    }
    return value ?? null;
  };
  const names = [
    'conn.auth_code_change', 'conn.require_auth', 'conn.authenticated', 'conn.main_loaded', 'conn.main_ready',
    'conn.stream_mode_changed', 'conn.qrcode_idle', 'conn.logout', 'conn.logout_reason', 'chat.new_message',
    'chat.msg_ack_change', 'chat.new_chat', 'chat.new_reaction', 'chat.poll_response', 'chat.msg_edited', 'chat.msg_revoke',
  ];
  for (const name of names) WPP.on(name, (data: unknown) => report(name, JSON.stringify(plain(data))));
}

/** Looks again and again until the answer is truthy. Fails after the given time. */
export async function until<T>(what: string, look: () => T | Promise<T>, withinMs = 10_000): Promise<NonNullable<T>> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`Waited ${withinMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Evaluates an expression in the page; while the page is navigating the answer is undefined. */
export async function ask<T>(client: Client, expression: string): Promise<T | undefined> {
  try {
    return (await client.page.evaluate(expression)) as T;
  } catch (error) {
    if (/context was destroyed|navigation|detached/i.test(String(error))) return undefined;
    throw error;
  }
}
