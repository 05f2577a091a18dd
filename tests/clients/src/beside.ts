/**
 * A client with accounts on a sandbox that runs already, for whoever measures it: one word a line comes in, one line of JSON
 * goes out.
 *
 *   node dist/beside.mjs CLIENT FOLDER SANDBOX_URL CHROMIUM_ARGUMENT…
 *
 *   open NUMBER   opens the account of this phone and links it if it is not; {"ready_ms"} from asking to its being ready
 *   close         closes all that are open; {"closed"}
 *
 * CHROMIUM in the environment is the path of the browser. Profiles are kept in the folder.
 */

import { createInterface } from 'node:readline';
import { Sandbox } from './sandbox';
import { Session as Wppconnect } from './wppconnect/session';
import { Session as WhatsappWebJs } from './wwebjs/session';

interface Open {
  /** Settles when the client says that it is ready. */
  ready: Promise<unknown>;
  close(): Promise<void>;
}

type Opener = (sandbox: Sandbox, number: string) => Open;

const scan = (sandbox: Sandbox, number: string, code: string): Promise<unknown> =>
  sandbox.post(`/phones/${number}/scan`, { code });

const CLIENTS: Record<string, Opener> = {
  'whatsapp-web.js': (sandbox, number) => {
    const session = new WhatsappWebJs(sandbox, number);
    session.client.on('qr', (code: string) => void scan(sandbox, number, code).catch(() => undefined));
    const ready = new Promise((resolve) => session.client.once('ready', resolve));
    return { ready: Promise.all([session.open(), ready]), close: () => session.close() };
  },
  wppconnect: (sandbox, number) => {
    const session = new Wppconnect(sandbox, number);
    let linked = false;
    session.ready.then(() => { linked = true; }, () => undefined);
    // Whatever code it shows, and as long as it takes: how long that is, is what is measured.
    const linking = setInterval(() => {
      if (linked) return clearInterval(linking);
      const [code] = session.heard.of('catchQR').at(-1) ?? [];
      if (code) void scan(sandbox, number, code).catch(() => undefined);
    }, 250);
    return { ready: session.ready, close: () => session.close() };
  },
};

// Clients talk to people there; stdout is for answers.
console.log = console.info = console.error;

const [client = '', folder = '', url = '', ...chromiumArgs] = process.argv.slice(2);
const open = CLIENTS[client];
if (!open) throw new Error(`There is no client "${client}". There are: ${Object.keys(CLIENTS).join(', ')}`);
const sandbox = Sandbox.running(url, chromiumArgs, folder);
let accounts: Open[] = [];

async function obey(line: string): Promise<object> {
  const [order, number = ''] = line.trim().split(' ');
  if (order === 'close') {
    for (const account of accounts) await account.close();
    accounts = [];
    return { closed: true };
  }
  if (order !== 'open') throw new Error(`"${line}" is not understood`);
  const began = performance.now();
  const account = open!(sandbox, number);
  accounts.push(account);
  await account.ready;
  return { ready_ms: Math.round(performance.now() - began) };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await obey(line))}\n`);
}
process.exit(0);
