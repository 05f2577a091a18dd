// Bundles the page into dist/: index.html and page.js, which is all that the sandbox server serves.
import { copyFile, mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

await mkdir(here('dist'), { recursive: true });
await build({
  entryPoints: [here('src/main.ts')],
  outfile: here('dist/page.js'),
  bundle: true,
  format: 'iife',
  target: 'chrome120',
  // Not minified: wa-js recognises some classes by their source text, and a trace stays readable.
  legalComments: 'eof',
});
await copyFile(here('src/index.html'), here('dist/index.html'));
