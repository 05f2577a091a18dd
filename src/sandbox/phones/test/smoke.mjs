// The phones' page in a real browser on a running sandbox, as somebody meets it who has read no manual: add two phones,
// link a page of the simulated WhatsApp Web, chat, break the connection.
//
//   node test/smoke.mjs SANDBOX_URL
//
// Nothing here sleeps: every step waits for what it expects, with a deadline. The page is never reloaded.
import { existsSync } from 'node:fs';
import process from 'node:process';
import puppeteer from 'puppeteer-core';

const [url] = process.argv.slice(2);
if (url === undefined) {
  console.error('usage: node test/smoke.mjs SANDBOX_URL');
  process.exit(2);
}

const CHROMIUM = [
  process.env.CHROMIUM,
  '/usr/lib/chromium/chromium-headless-shell',
  '/usr/bin/chromium-headless-shell',
  '/usr/lib/chromium/chromium',
  '/usr/bin/chromium',
].find((path) => path && existsSync(path));

/** What one step may take on a busy machine, in ms. */
const STEP_MS = 20_000;

const ANA = { name: 'Ana Souza', number: '5511900000001' };
const BRUNO = { name: 'Bruno Lima', number: '5511987654321' };

const troubles = [];
const begin = Date.now();
let step = 'start the browsers';

function now(what) {
  step = what;
  console.log(`${String(Date.now() - begin).padStart(6)} ms  ${what}`);
}

// Chromium refuses its own sandbox to root, which is who runs tests in a container.
const root = process.getuid?.() === 0 ? ['--no-sandbox'] : [];

async function launch(args = []) {
  const browser = await puppeteer.launch({ executablePath: CHROMIUM, args: [...root, ...args] });
  const page = await browser.newPage();
  page.setDefaultTimeout(STEP_MS);
  page.on('pageerror', (error) => troubles.push(`the page threw: ${error}`));
  page.on('console', (line) => {
    // A refused request is judged by what the page makes of it; anything else that it complains about is a defect.
    if (line.type() === 'error' && !line.text().startsWith('Failed to load resource')) troubles.push(`the console says: ${line.text()}`);
  });
  return { browser, page };
}

const { browser, page } = await launch();
await page.setViewport({ width: 1400, height: 900 });
const browsers = [browser];

/** Selectors within one phone, by its number. */
const on = ({ number }, selector) => `[data-phone="${number}"] ${selector}`;
const press = (selector) => page.locator(selector).click();
const write = (selector, text) => page.locator(selector).fill(text);

/** Waits until an element that matches has this text. */
function sees(selector, text) {
  return page.waitForFunction(
    (wanted, words) => [...document.querySelectorAll(wanted)].some((node) => node.textContent.includes(words)),
    {},
    selector,
    text,
  );
}

async function addPhone({ name, number }, first) {
  if (!first) await press('::-p-text(Add)');
  await write('.sidebar input[name="name"]', name);
  await write('.sidebar input[name="phone"]', number);
  await press('.sidebar form .main-button');
  await page.waitForSelector(`article[data-phone="${number}"]`);
}

/** Opens the chat of one phone with another. */
async function openChat(from, to) {
  await press(on(from, '.main-button'));
  await write(on(from, 'input[name="to"]'), to.name.slice(0, 3));
  await press(on(from, `[data-peer="${to.number}"]`));
}

async function say(from, text) {
  await write(on(from, 'textarea'), text);
  await page.keyboard.press('Enter');
}

/** The simulated WhatsApp Web, as a client's browser opens it. */
async function openWhatsApp() {
  const { chromium_args: args } = await (await fetch(`${url}/_/api/info`)).json();
  const client = await launch(args);
  browsers.push(client.browser);
  await client.page.goto('https://web.whatsapp.com/');
  return client.page;
}

async function linkByScan(whatsApp) {
  await page.waitForSelector('.waiting .qr');
  await page.select('.waiting select', ANA.number);
  await press('.waiting .main-button');
  await whatsApp.waitForSelector('.linked');
  await sees('.notices', 'Linked');
}

async function linkedPageSees(whatsApp, text) {
  await whatsApp.waitForFunction((words) => document.body.innerText.includes(words), {}, text);
}

async function dropConnection() {
  await page.waitForSelector(`.row[data-phone="${ANA.number}"] [aria-label="1 of 1 pages connected"]`);
  await press('[aria-label="Faults and network"]');
  await page.select('select[name="kind"]', 'socket_drop');
  await page.select('select[name="fault-phone"]', ANA.number);
  await write('input[name="lasts"]', '600000');
  await press('.tools [aria-label="Faults"] .main-button');
  await page.waitForSelector(`.row[data-phone="${ANA.number}"] [aria-label="0 of 1 pages connected"]`);
}

async function changeTiming() {
  await write('input[name="ack_ms"]', '7');
  await press('.tools [aria-label="Network"] .main-button');
  await sees('.notices', 'Saved');
  const timing = await (await fetch(`${url}/_/api/network`)).json();
  if (timing.ack_ms !== 7) throw new Error(`the network has ${JSON.stringify(timing)}`);
}

try {
  now('open the page on an empty network');
  await page.goto(`${url}/_/`);
  await page.waitForSelector('[data-live="true"]');
  await page.evaluate(() => (window.sameDocument = true));
  now('add two phones');
  await addPhone(ANA, true);
  await addPhone(BRUNO, false);
  now('write from one to the other until it is read');
  await openChat(ANA, BRUNO);
  await say(ANA, 'Is the cake ready?');
  await press(on(BRUNO, `[data-peer="${ANA.number}"]`));
  await sees(on(BRUNO, '.bubble'), 'Is the cake ready?');
  await page.waitForSelector(on(ANA, '.bubble.own .ticks.read'));
  await say(BRUNO, 'Almost!');
  await sees(on(ANA, '.bubble:not(.own)'), 'Almost!');
  now('link a page of the simulated WhatsApp Web');
  const whatsApp = await openWhatsApp();
  await linkByScan(whatsApp);
  await linkedPageSees(whatsApp, 'Almost!');
  now('break its connection');
  await dropConnection();
  now('change the timing');
  await changeTiming();
  if (!(await page.evaluate(() => window.sameDocument === true))) throw new Error('the page was reloaded on the way');
  if (troubles.length > 0) throw new Error('the page had troubles on the way');
  now('done');
} catch (error) {
  const shown = await page.evaluate(() => document.body.innerText).catch(() => '(no page)');
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
  console.error(`\nfailed to ${step}: ${error.message}\n${troubles.join('\n')}\n-- the page at ${page.url()}\n${shown}`);
  process.exitCode = 1;
} finally {
  for (const each of browsers) await each.close();
}
