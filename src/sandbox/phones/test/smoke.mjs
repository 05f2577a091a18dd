// The phones' page in a real browser on a running sandbox, as somebody meets it who has read no manual: add two phones,
// chat, send a picture, react, edit, take back, vote in a new group, link a page of the simulated WhatsApp Web, break
// the connection.
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

/** Does something with a message, by its menu. */
async function choose(on_, text, item) {
  const found = await page.waitForFunction(
    (selector, words) => [...document.querySelectorAll(selector)].findLast((node) => node.textContent.includes(words)),
    {},
    on(on_, '.bubble'),
    text,
  );
  const button = await found.$('.message-menu > button');
  // Its button shows itself only under the pointer.
  await found.hover();
  await button.click();
  await press(`.menu ::-p-text(${item})`);
}

/** A small picture: a square of one colour. */
const PICTURE = 'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR4nGM4UWGDFTEMLQkAQfNfAVTFtrMAAAAASUVORK5CYII=';

/** Pastes a picture into the chat that is open, as from a clipboard. */
function paste(from) {
  const into = on(from, 'textarea');
  return page.$eval(into, (area, base64) => {
    const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([bytes], 'cake.png', { type: 'image/png' }));
    area.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, PICTURE);
}

async function sendAPicture() {
  await paste(ANA);
  await page.waitForSelector('dialog .sample');
  await write('dialog input[name="caption"]', 'The cake');
  await press('dialog .main-button');
  await sees(on(BRUNO, '.bubble.image'), 'The cake');
  // It is really there: the other phone's browser has decoded it.
  await page.waitForFunction((selector) => document.querySelector(selector)?.naturalWidth === 8, {}, on(BRUNO, '.bubble img.picture'));
}

async function typeAndReply() {
  await page.type(on(BRUNO, 'textarea'), 'Looks');
  await sees(on(ANA, '.app-bar .typing'), 'typing');
  await write(on(BRUNO, 'textarea'), '');
  await choose(BRUNO, 'The cake', 'Reply');
  await say(BRUNO, 'Looks <b>good</b>');
  await sees(on(ANA, '.bubble .quote'), 'The cake');
  // A text is a text.
  await sees(on(ANA, '.bubble .text'), 'Looks <b>good</b>');
}

async function reactEditRevoke() {
  await choose(ANA, 'Looks', '😂');
  await page.waitForSelector(on(BRUNO, '.bubble [data-emoji="😂"]'));
  await choose(BRUNO, 'Looks', 'Edit');
  await write(on(BRUNO, 'textarea'), 'Looks great');
  await page.keyboard.press('Enter');
  await sees(on(ANA, '.bubble'), 'Looks great');
  await sees(on(ANA, '.bubble .foot'), 'edited');
  await say(ANA, 'wrong chat');
  await sees(on(BRUNO, '.bubble'), 'wrong chat');
  await choose(ANA, 'wrong chat', 'Delete for everyone');
  await sees(on(BRUNO, '.bubble.revoked'), 'deleted');
}

async function createAGroup() {
  await press(on(ANA, '.app-bar [aria-label="Back"]'));
  await press(on(ANA, '.float'));
  await press(on(ANA, '::-p-text(New group)'));
  // Nothing is filled in: what is wrong stands at the field, in the server's words.
  await press(on(ANA, '.screen form .main-button'));
  await page.waitForSelector(on(ANA, 'input[name="subject"][aria-invalid="true"]'));
  await write(on(ANA, 'input[name="subject"]'), 'Cake');
  await press(on(ANA, `[data-person="${BRUNO.number}"]`));
  await press(on(ANA, '.screen form .main-button'));
  await sees(on(ANA, '.notice-line'), 'created the group');
  await press(on(BRUNO, '.app-bar [aria-label="Back"]'));
  await press(on(BRUNO, '[data-peer$="@g.us"]'));
}

async function voteInIt() {
  await press(on(ANA, '.attach > button'));
  await press('.menu ::-p-text(Poll)');
  await write('dialog input[name="question"]', 'Which one?');
  await write('dialog input[name="option-1"]', 'Lemon');
  await write('dialog input[name="option-2"]', 'Chocolate');
  await press('dialog .main-button');
  await press(on(BRUNO, '.poll-option ::-p-text(Lemon)'));
  await page.waitForSelector(on(ANA, '.poll-option:nth-of-type(1) [data-votes="1"]'));
  await sees(on(ANA, '.poll-option'), BRUNO.name);
  // Who has read it, person by person.
  await page.waitForSelector(on(ANA, '.bubble.poll .ticks.read'));
  await choose(ANA, 'Which one?', 'Info');
  await sees(on(ANA, `[data-receipt="${BRUNO.number}"]`), 'read');
  for (const phone of [ANA, BRUNO]) await press(on(phone, '.app-bar [aria-label="Back"]'));
  await press(on(ANA, '.app-bar [aria-label="Back"]'));
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
  now('send a picture from the clipboard');
  await sendAPicture();
  now('type, and answer it');
  await typeAndReply();
  now('react, edit, take back');
  await reactEditRevoke();
  now('create a group');
  await createAGroup();
  now('vote in it');
  await voteInIt();
  now('link a page of the simulated WhatsApp Web');
  const whatsApp = await openWhatsApp();
  await linkByScan(whatsApp);
  await linkedPageSees(whatsApp, BRUNO.name);
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
