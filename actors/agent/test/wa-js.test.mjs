// What the build changes in wa-js: how long its loader waits, run here with a page of our own.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { QUIET_SYNCED_MS, settlingSooner } from '../wa-js.mjs';

const file = createRequire(import.meta.url).resolve('@wppconnect/wa-js');
const source = await readFile(file, 'utf8');
const changed = settlingSooner(source);

/** The loader's wait, cut out of the bundle; `t` is its module, `u` its log. */
function waitOf(bundle) {
  const start = bundle.indexOf('async function({quiet:');
  const text = bundle.slice(start, bundle.indexOf('}(),t.isInjected', start) + 1);
  return new Function('t', 'u', 'self', `return (${text})()`);
}

/** How long the wait takes on a page that registers a module at each of `times` and has synced at `synced`, in ms. */
async function waited(context, { times, synced = Infinity, version = '2.3000.1', name = 'WAWebSocketModel' }) {
  context.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const modules = () => Object.fromEntries(times.filter((time) => time <= Date.now()).map((time) => [`WA${time}`, {}]));
  const page = {
    Debug: { VERSION: version },
    require(id) {
      if (id !== name) throw new Error(`no module ${id}`);
      return { Socket: { hasSynced: Date.now() >= synced } };
    },
  };
  let end;
  const loader = { __debug: () => ({ modulesMap: modules() }) };
  void waitOf(changed)(loader, () => {}, page).then(() => {
    end = Date.now();
  });
  while (end === undefined && Date.now() < 30_000) {
    context.mock.timers.tick(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  context.mock.timers.reset();
  return end;
}

const within = (value, from) => assert.ok(value >= from && value <= from + 60, `${value} is not about ${from}`);

test('a page that has synced is bound after a short quiet', async (context) => {
  within(await waited(context, { times: [0], synced: 0 }), QUIET_SYNCED_MS);
});

test('a page that syncs during the wait is bound then', async (context) => {
  within(await waited(context, { times: [0], synced: 500 }), 500);
});

test('a page that has synced but still loads modules is waited for', async (context) => {
  const times = [0, 200, 400, 600, 800];
  within(await waited(context, { times, synced: 0 }), 800 + QUIET_SYNCED_MS);
});

test('a page that has not synced, or does not say so, has the whole wait', async (context) => {
  within(await waited(context, { times: [0] }), 750);
  within(await waited(context, { times: [0], synced: 0, name: 'WAWebSomethingElse' }), 750);
  within(await waited(context, { times: [0], synced: 0, version: '' }), 750);
});

test('nothing else of wa-js is changed, and the notice says what is', () => {
  const restored = changed
    .replace(/\/\* Changed by Zaptor: .*? \*\/\n/, '')
    .replace(/poll:(\w)=50\}/, 'poll:$1=100}')
    .replace(/>=\(\(\(\)=>\{try\{.*?\}\)\(\)\?250:(\w)\)/, '>=$1');
  assert.notEqual(changed, source);
  assert.equal(restored, source);
});

test('a wa-js that waits in another way, or twice, is refused', () => {
  assert.throws(() => settlingSooner(source.replace('quiet:e=750', 'quiet:e=800')), /0 waits/);
  assert.throws(() => settlingSooner(source + source), /2 waits/);
});
