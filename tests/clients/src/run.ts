/**
 * Runs clients against a sandbox of their own, one after the other.
 *
 *   node dist/run.mjs [client…]            compares with the tables in src/sandbox/README.md; 1 where worse
 *   node dist/run.mjs --write [client…]    writes the tables
 *
 * ZAPTOR in the environment is the path of the program.
 */

import { fileURLToPath } from 'node:url';
import { Rows } from './rows';
import { Sandbox, people, type People } from './sandbox';
import * as table from './table';
import { run as waJs } from './wa-js/run';
import { run as wppconnect } from './wppconnect/run';
import { run as whatsappWebJs } from './wwebjs/run';

const CLIENTS: Record<string, (rows: Rows, sandbox: Sandbox, people: People) => Promise<string[]>> = {
  'whatsapp-web.js': whatsappWebJs,
  wppconnect,
  'wa-js': waJs,
};

const README = fileURLToPath(new URL('../../../src/sandbox/README.md', import.meta.url));

/** How long one client may take altogether. */
const RUN_DEADLINE_MS = 240_000;

async function rowsOf(client: string, program: string): Promise<Rows> {
  const run = CLIENTS[client];
  if (!run) throw new Error(`There is no run for "${client}". There are: ${Object.keys(CLIENTS).join(', ')}`);
  const sandbox = await Sandbox.start(program);
  const deadline = setTimeout(() => {
    process.stderr.write(`${client} was not through after ${RUN_DEADLINE_MS} ms\n`);
    process.exit(2);
  }, RUN_DEADLINE_MS);
  try {
    const rows = new Rows();
    // Nobody reads by themselves: each row says who reads what.
    await sandbox.patch('/network', { ack_ms: 5, deliver_ms: 5 });
    const unaccounted = await run(rows, sandbox, await people(sandbox));
    if (unaccounted.length) throw new Error(`${client}: the rows and reasons miss:\n  ${unaccounted.join('\n  ')}`);
    return rows;
  } finally {
    clearTimeout(deadline);
    await sandbox.stop();
  }
}

function compared(client: string, rows: Rows): boolean {
  const better = table.better(README, client, rows.all);
  if (better.length) {
    process.stdout.write(`\n${client}: works now, and src/sandbox/README.md does not say so:\n  ${better.join('\n  ')}\n`);
  }
  const worse = table.worse(README, client, rows.all);
  if (worse.length) {
    process.stdout.write(`\n${client}: worse than src/sandbox/README.md says:\n  ${worse.join('\n  ')}\n`);
  }
  if (better.length || worse.length) process.stdout.write('\n`make client-tables` writes the tables anew.\n');
  return worse.length === 0;
}

const program = process.env['ZAPTOR'];
if (!program) throw new Error('ZAPTOR names no program: set it to the path of a built zaptor');
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const unknown = flags.find((flag) => flag !== '--write');
if (unknown) throw new Error(`${unknown} is not an option; there is --write`);
const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));

let good = true;
for (const client of chosen.length ? chosen : Object.keys(CLIENTS)) {
  const began = Date.now();
  const rows = await rowsOf(client, program);
  process.stdout.write(`${client}: ${rows.all.length} rows in ${((Date.now() - began) / 1000).toFixed(1)} s\n`);
  if (flags.includes('--write')) table.write(README, client, rows);
  else good = compared(client, rows) && good;
}
if (flags.includes('--write')) table.writeOverview(README, Object.keys(CLIENTS));
process.exit(good ? 0 : 1);
