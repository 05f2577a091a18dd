// Bundles the agent and puts wa-js beside it: the two files that the engine reads at run time.
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { settlingSooner } from './wa-js.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');
const wa = dirname(createRequire(import.meta.url).resolve('@wppconnect/wa-js'));
const { version, protocol } = JSON.parse(await readFile(join(here, 'package.json'), 'utf8'));

await mkdir(dist, { recursive: true });
await build({
  entryPoints: [join(here, 'src/agent.ts')],
  outfile: join(dist, 'agent.js'),
  bundle: true,
  format: 'iife',
  target: 'es2022',
  charset: 'ascii',
  legalComments: 'none',
  define: { AGENT_VERSION: JSON.stringify(version) },
  // By these the engine knows what it has before it, and that it has all of it.
  banner: { js: `/*! zaptor-agent ${version} protocol ${protocol} */` },
  footer: { js: '/*! zaptor-agent end */' },
});
// wa-js is Apache-2.0 and as it comes but for one wait; its licences travel with it.
const source = await readFile(join(wa, 'wppconnect-wa.js'), 'utf8');
await writeFile(join(dist, 'wa.js'), settlingSooner(source));
await copyFile(join(wa, 'wppconnect-wa.js.LICENSE.txt'), join(dist, 'wa.js.LICENSE.txt'));
