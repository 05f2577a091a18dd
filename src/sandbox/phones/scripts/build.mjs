// Bundles the page into dist/: one page, one script, one style sheet, nothing inline.
import { copyFile, mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

await mkdir(here('dist'), { recursive: true });
await build({
  entryPoints: [
    { in: here('src/main.tsx'), out: 'phones' },
    { in: here('src/styles/phones.css'), out: 'phones' },
  ],
  outdir: here('dist'),
  bundle: true,
  format: 'esm',
  target: ['chrome120', 'firefox120', 'safari17'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  minify: true,
  legalComments: 'eof',
});
for (const name of ['index.html', 'phones.svg']) await copyFile(here(`src/${name}`), here(`dist/${name}`));
