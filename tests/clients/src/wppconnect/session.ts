import { join } from 'node:path';
import wppconnect, { Whatsapp } from '@wppconnect-team/wppconnect';
import { Heard } from '../events';
import { until } from '../rows';
import { BROWSER_ARGS, chromium, type Sandbox } from '../sandbox';
import { methodsOf } from '../surface';
import type { World } from '../world';

/** A silent logger in the shape that wppconnect asks for. */
const SILENT: any = new Proxy({ level: 'error' }, { get: (logger: any, name) => logger[name] ?? (() => SILENT) });

/** A client of wppconnect in a browser of its own: what it has told, and the client once it is linked. */
export class Session {
  readonly heard = new Heard();
  readonly ready: Promise<Whatsapp>;

  constructor(sandbox: Sandbox, profile: string) {
    this.ready = wppconnect.create({
      session: profile,
      folderNameToken: join(sandbox.folder, 'wppconnect'),
      // The default answers with a stored copy of WhatsApp's own page.
      whatsappVersion: '',
      useChrome: false,
      browserArgs: [...sandbox.chromiumArgs, ...BROWSER_ARGS],
      puppeteerOptions: {
        executablePath: chromium(),
        userDataDir: join(sandbox.folder, 'wppconnect', profile),
      },
      updatesLog: false,
      disableWelcome: true,
      logQR: false,
      logger: SILENT,
      catchQR: (_image, _ascii, attempt, code) => this.heard.note('catchQR', code, attempt),
      statusFind: (status) => this.heard.note('statusFind', status),
    });
    // Whoever waits for it hears of it; a client that is closed early is nobody's failure.
    this.ready.catch(() => undefined);
  }

  /** Closes the browser, whether the client is linked or not. */
  async close(): Promise<void> {
    await (await this.ready).close();
  }
}

/** What the rows of wppconnect have at hand. */
export interface Stage extends World {
  client: Whatsapp;
  heard: Heard;
}

/** The calls with which one listens. */
export const LISTENERS = methodsOf(Whatsapp).filter((name) => /^on[A-Z]/.test(name) && name !== 'onLinkCode');

/** Takes down all that the client tells from here on. */
export function listen(client: Whatsapp, heard: Heard): void {
  for (const name of LISTENERS) (client as any)[name]((...args: any[]) => heard.note(name, ...args));
}

/** The text in the QR code that the client has caught last. */
export async function caughtCode(heard: Heard): Promise<string> {
  const [code] = await until('a QR code', () => heard.of('catchQR').at(-1));
  return code;
}
