// Bundles the runs into dist/run.mjs, and what is measured into dist/beside.mjs. The clients themselves stay outside, as npm
// installed them.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

for (const name of ['run', 'beside']) await build({
  entryPoints: [here(`src/${name}.ts`)],
  outfile: here(`dist/${name}.mjs`),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  sourcemap: 'inline',
});
