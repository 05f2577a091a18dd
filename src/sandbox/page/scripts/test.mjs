// Runs the tests of a folder, or those that are named after it: bundles each *.test.ts for Node, then hands them to
// Node's test runner.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, process.argv[2] ?? 'test/unit');
const wanted = process.argv.slice(3).map((name) => `${name}.test.ts`);
const names = wanted.length ? wanted : readdirSync(folder).filter((name) => name.endsWith('.test.ts'));
// Inside the package, so that the bundles still find its dependencies.
const out = mkdtempSync(join(root, 'node_modules', '.test-'));

buildSync({
  entryPoints: names.map((name) => join(folder, name)),
  outdir: out,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  sourcemap: 'inline',
  define: { PAGE_ROOT: JSON.stringify(root) },
});
const bundles = names.map((name) => join(out, name.replace(/\.ts$/, '.mjs')));
const { status } = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...bundles], {
  stdio: 'inherit',
});
rmSync(out, { recursive: true, force: true });
process.exitCode = status ?? 1;
