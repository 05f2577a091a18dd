import { join } from 'node:path';
import wwebjs, { type Client as WwebClient } from 'whatsapp-web.js';
import { Heard } from '../events';
import { BROWSER_ARGS, chromium, type Sandbox } from '../sandbox';
import type { World } from '../world';

/** A client of whatsapp-web.js in a browser of its own, and what it has emitted. */
export class Session {
  readonly client: WwebClient;
  readonly heard = new Heard();

  constructor(sandbox: Sandbox, profile: string, options: object = {}) {
    this.client = new wwebjs.Client({
      authStrategy: new wwebjs.LocalAuth({ dataPath: join(sandbox.folder, 'wwebjs'), clientId: profile }),
      // The default keeps a copy of the page in the working directory.
      webVersionCache: { type: 'none' },
      puppeteer: { executablePath: chromium(), args: [...sandbox.chromiumArgs, ...BROWSER_ARGS] },
      ...options,
    });
    const emit = this.client.emit.bind(this.client);
    this.client.emit = (name: string, ...args: any[]): boolean => {
      this.heard.note(name, ...args);
      return emit(name, ...args);
    };
  }

  async open(): Promise<void> {
    await this.client.initialize();
  }

  close(): Promise<void> {
    return this.client.destroy();
  }
}

/** What the rows of whatsapp-web.js have at hand. */
export interface Stage extends World {
  session: Session;
  client: WwebClient;
  heard: Heard;
}
