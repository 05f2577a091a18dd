import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { Heard } from '../events';
import { until } from '../rows';
import { BROWSER_ARGS, chromium, type Sandbox } from '../sandbox';
import { eventsIn } from '../surface';
import type { World } from '../world';

const BUNDLE = readFileSync(createRequire(import.meta.url).resolve('@wppconnect/wa-js'), 'utf8');

/** All events that wa-js declares. */
export const EVENTS = eventsIn(dirname(createRequire(import.meta.url).resolve('@wppconnect/wa-js')));

/** A page with wa-js in it, held through CDP, and what wa-js has told. */
export class Session {
  readonly page: Page;
  readonly heard: Heard;
  readonly #browser: Browser;

  private constructor(browser: Browser, page: Page, heard: Heard) {
    this.#browser = browser;
    this.page = page;
    this.heard = heard;
  }

  static async open(sandbox: Sandbox, profile: string): Promise<Session> {
    const browser = await puppeteer.launch({
      executablePath: chromium(),
      userDataDir: join(sandbox.folder, 'wa-js', profile),
      args: [...sandbox.chromiumArgs, ...BROWSER_ARGS],
    });
    const page = (await browser.pages())[0] ?? (await browser.newPage());
    const heard = new Heard();
    await page.exposeFunction('tellRun', (name: string, data: string) => heard.note(name, JSON.parse(data)));
    await page.evaluateOnNewDocument('window.WPPConfig = { disableGoogleAnalytics: true };');
    await page.evaluateOnNewDocument(BUNDLE);
    await page.evaluateOnNewDocument(tellEvents, EVENTS);
    await page.goto('https://web.whatsapp.com/');
    return new Session(browser, page, heard);
  }

  close(): Promise<void> {
    return this.#browser.close();
  }

  /**
   * Evaluates `WPP.…` with these arguments, which it knows as `a`, `b` and `c`. What comes back is plain data:
   * ids are their printed forms.
   */
  async ask<T = any>(expression: string, a?: unknown, b?: unknown, c?: unknown): Promise<T> {
    const text = await this.page.evaluate(async (expression, a, b, c) => {
      const answer = await new Function('a', 'b', 'c', `return (${expression});`)(a, b, c);
      return JSON.stringify((window as any).plainForRun(answer)) ?? 'null';
    }, expression, a, b, c);
    return JSON.parse(text);
  }

  /** Calls `WPP.<path>` with these arguments. */
  call<T = any>(path: string, ...args: unknown[]): Promise<T> {
    return this.ask(`WPP.${path}(...a)`, args);
  }

  /** As `ask`, until it is true; while the page navigates it is not. */
  untilTrue(what: string, expression: string): Promise<unknown> {
    return until(what, () => this.ask(expression).catch(() => false));
  }

  async untilReady(): Promise<void> {
    await this.untilTrue('wa-js and the page to be ready', "WPP.isFullReady && WPP.conn.isAuthenticated() && WPP.whatsapp.Stream.mode === 'MAIN'");
  }
}

/** Runs in the page before its own scripts: events leave it as plain data. */
function tellEvents(names: string[]): void {
  const { WPP, tellRun } = window as any;
  const plain = (value: any, depth = 0): unknown => {
    if (value === null || typeof value !== 'object') return typeof value === 'function' ? undefined : value;
    if (value._serialized) return String(value._serialized);
    if (depth > 6) return undefined;
    if (ArrayBuffer.isView(value)) return Array.from(value as Uint8Array);
    if (Array.isArray(value)) return value.map((inner) => plain(inner, depth + 1));
    const source = typeof value.serialize === 'function' ? value.serialize() : value;
    if (Array.isArray(source)) return source.map((inner) => plain(inner, depth + 1));
    return Object.fromEntries(Object.entries(source).map(([key, inner]) => [key, plain(inner, depth + 1)]));
  };
  (window as any).plainForRun = plain;
  for (const name of names) WPP.on(name, (data: unknown) => tellRun(name, JSON.stringify(plain(data)) ?? 'null'));
}

/** What the rows of wa-js have at hand. */
export interface Stage extends World {
  session: Session;
  heard: Heard;
}
