// The first path of a new user, in a real browser on a running Zaptor with its sandbox:
// sign in, add an account, scan its code with a sandbox phone, send, see it read, get an answer, look at the wallet.
//
//   node test/smoke.mjs URL EMAIL PASSWORD SANDBOX_URL
//
// Nothing here sleeps: every step waits for what it expects, with a deadline. The page is never reloaded.
import { existsSync } from "node:fs";
import process from "node:process";
import puppeteer from "puppeteer-core";

const [url, email, password, sandbox] = process.argv.slice(2);
if (sandbox === undefined) {
  console.error("usage: node test/smoke.mjs URL EMAIL PASSWORD SANDBOX_URL");
  process.exit(2);
}

const CHROMIUM = [
  process.env.CHROMIUM,
  "/usr/lib/chromium/chromium-headless-shell",
  "/usr/bin/chromium-headless-shell",
  "/usr/lib/chromium/chromium",
  "/usr/bin/chromium",
].find((path) => path && existsSync(path));

/** What one step may take on a busy machine, in ms. A browser is started in one of them. */
const STEP_MS = 25_000;
const SHOP = "5511900000001";
const CUSTOMER = { phone: "5511987654321", name: "Ana Souza" };

const id = (name) => `[data-testid="${name}"]`;
const state = (name) => `${id("account-state")}[data-state="${name}"]`;
const begin = Date.now();
let step = "start the browser";
const troubles = [];

function now(what) {
  step = what;
  console.log(`${String(Date.now() - begin).padStart(6)} ms  ${what}`);
}

function expect(holds, sentence) {
  if (!holds) throw new Error(sentence);
}

const browser = await puppeteer.launch({
  executablePath: CHROMIUM,
  // Chromium refuses its own sandbox to root, which is who runs tests in a container.
  args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
});
const page = await browser.newPage();
await page.setViewport({ width: 1280, height: 800 });
page.setDefaultTimeout(STEP_MS);
page.on("pageerror", (error) => troubles.push(`the page threw: ${error}`));
page.on("console", (line) => {
  // A refused request is judged by what the page makes of it; anything else that it complains about is a defect.
  const refused = line.text().startsWith("Failed to load resource");
  if (line.type() === "error" && !refused) troubles.push(`the console says: ${line.text()}`);
});

const press = (name) => page.locator(id(name)).click();
const write = (name, text) => page.locator(id(name)).fill(text);

async function signIn() {
  await page.goto(url);
  await write("login-email", email);
  await write("login-password", password);
  await press("login-submit");
  await page.waitForSelector(`${id("connection")}[data-link="live"]`);
  // A reload would lose this, and the page is meant to need none.
  await page.evaluate(() => (window.sameDocument = true));
}

async function addAccount() {
  await press("add-account");
  await write("account-name", "Shop");
  await press("create-account");
  await page.waitForSelector(state("pairing"));
  await page.waitForSelector(`${id("qr")}[data-stale="false"] svg`);
}

async function scan() {
  await write("sandbox-phone", SHOP);
  await press("scan-sandbox");
  await page.waitForSelector(state("online"));
}

async function makeCustomer() {
  const answer = await fetch(`${sandbox}/_/api/phones`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(CUSTOMER),
  });
  expect(answer.ok, `the sandbox answered ${answer.status} to a new phone`);
}

async function send() {
  await write("composer-to", CUSTOMER.phone);
  await write("composer-text", "Hello Ana! Your order 42 is on its way.");
  await press("composer-send");
  await page.waitForSelector(`${id("message-row")}[data-direction="outbound"] ${id("message-status")}[data-status="read"]`);
}

async function lookAtSteps() {
  await press("message-status");
  await page.waitForFunction((selector) => {
    const text = document.querySelector(selector)?.textContent ?? "";
    const places = ["queued", "sending", "sent", "delivered", "read"].map((word) => text.indexOf(word));
    return places.every((place, i) => place > (places[i - 1] ?? -1));
  }, {}, id("timeline"));
  await page.keyboard.press("Escape");
}

async function receive() {
  await write("sandbox-reply", "Thank you! When will it arrive?");
  await press("sandbox-reply-send");
  await page.waitForFunction(
    (row, words) => document.querySelector(row)?.textContent?.includes(words),
    {},
    `${id("message-row")}[data-direction="inbound"]`,
    "Thank you! When will it arrive?",
  );
  await page.waitForFunction((item, name) => document.querySelector(item)?.textContent?.includes(name), {}, id("chat-item"), CUSTOMER.name);
}

const says = (name, words) =>
  page.waitForFunction((selector, words) => document.querySelector(selector)?.textContent?.includes(words), {}, id(name), words);

async function lookAtHealth() {
  await press("tab-health");
  await page.waitForSelector(`${id("standing")} [data-state="online"]`);
  await says("evidence", "round trip");
  await says("probes", "Took");
  await says("resources", "MiB");
}

async function sleepAndWake() {
  await press("hibernate");
  await page.waitForSelector(state("hibernated"));
  await page.waitForSelector(id("wake"));
  await press("wake");
  await page.waitForSelector(state("online"));
}

async function changeSettings() {
  await press("tab-settings");
  await write("locale", "not a tag!");
  await press("save-settings");
  await page.waitForSelector(`${id("settings-form")} [role="alert"]`);
  await write("locale", "pt-BR");
  await press("save-settings");
  await page.waitForFunction((save) => document.querySelector(save)?.disabled === true, {}, id("save-settings"));
  const kept = await page.$eval(id("locale"), (field) => field.value);
  expect(kept === "pt-BR", `the language is ${kept} after it was saved`);
}

async function lookAtSystem() {
  await page.locator('nav a[href="#/system"]').click();
  await page.waitForFunction(
    (rows) => [...document.querySelectorAll(rows)].some((row) => row.textContent.includes("Shop") && row.textContent.includes("Running")),
    {},
    id("actor-row"),
  );
}

async function lookAtWallet() {
  await page.locator('nav a[href="#/wallet"]').click();
  for (const kind of ["top_up", "hold", "post"]) await page.waitForSelector(`${id("wallet-entry")}[data-kind="${kind}"]`);
  // One text was sent out of the 1,000 tokens of the trial.
  await page.waitForFunction(
    (available, held) => document.querySelector(available)?.textContent === "999" && document.querySelector(held)?.textContent === "0",
    {},
    id("wallet-available"),
    id("wallet-held"),
  );
  expect(await page.evaluate(() => window.sameDocument === true), "the page was reloaded on the way");
}

try {
  now("sign in");
  await signIn();
  now("add an account and see its code");
  await addAccount();
  now("scan with a sandbox phone until it is online");
  await scan();
  now("send a text until it is read");
  await makeCustomer();
  await send();
  now("see the steps that it took");
  await lookAtSteps();
  now("get an answer");
  await receive();
  now("see how the account is");
  await lookAtHealth();
  now("let it sleep and wake it");
  await sleepAndWake();
  now("change its settings");
  await changeSettings();
  now("look at the actors");
  await lookAtSystem();
  now("look at the wallet");
  await lookAtWallet();
  expect(troubles.length === 0, "the page had troubles on the way");
  now("done");
} catch (error) {
  const shown = await page.evaluate(() => document.body.innerText).catch(() => "(no page)");
  console.error(`\nfailed to ${step}: ${error.message}\n${troubles.join("\n")}\n-- the page at ${page.url()}\n${shown}`);
  process.exitCode = 1;
} finally {
  await browser.close();
}
