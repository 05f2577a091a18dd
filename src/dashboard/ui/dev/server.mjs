// A stand-in for Zaptor and its sandbox while working on this page: everything in memory,
// forgotten at exit. Sign in with admin@example.com / zaptor. It also serves dist/ under the
// Content-Security-Policy of the product, so that a build can be tried as it will be served.
//   node dev/server.mjs [port]        (0 takes a free one; the address is printed)
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { WebSocketServer } from "ws";
import { actors, bundles, health, picture, repair, snapshots } from "./health.mjs";

const DIST = new URL("../dist/", import.meta.url).pathname;
const ACCESS_SECONDS = Number(process.env.ACCESS_SECONDS ?? 900);
const QR_MS = Number(process.env.QR_MS ?? 20_000);
const id = (prefix) => `${prefix}_${Date.now().toString(36)}${randomBytes(6).toString("hex")}`.toUpperCase().replace(/^[A-Z]+/, prefix);
const now = () => new Date().toISOString();

const db = {
  accounts: new Map(), messages: new Map(), events: [], entries: [], keys: new Map(), phones: new Map(),
  codes: new Map(), access: new Map(), refresh: new Set(), tickets: new Set(), answers: new Map(), sockets: new Set(),
  wallet: { available: 1000, held: 0, spent_today: 0, low_threshold: 100 },
};
const user = { id: "usr_1", email: "admin@example.com", role: "admin", tenant: "ten_1" };
let url = "";

class Refusal extends Error {
  constructor(status, code, detail, errors = []) {
    super(detail);
    this.problem = { type: `https://zaptor.dev/problems/${code}`, title: code.replaceAll("_", " "), status, code, detail, retryable: status >= 500, request_id: id("req"), errors };
  }
}

// Events -------------------------------------------------------------------------------
function emit(type, account, data) {
  const event = { id: id("evt"), seq: db.events.length + 1, type, tenant: "ten_1", account, account_seq: null, timestamp: now(), data };
  db.events.push(event);
  for (const socket of db.sockets) socket.send(JSON.stringify(event));
}

function openStream(socket, query) {
  const after = query.get("after");
  const from = after === null ? db.events.length : Number(after);
  for (const event of db.events.slice(from)) socket.send(JSON.stringify(event));
  socket.send(JSON.stringify({ control: "ready", seq: db.events.length }));
  db.sockets.add(socket);
  const beat = setInterval(() => socket.send(JSON.stringify({ control: "heartbeat", seq: db.events.length })), 15_000);
  socket.on("close", () => { db.sockets.delete(socket); clearInterval(beat); });
}

// Accounts -----------------------------------------------------------------------------
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

function turn(account, to, reason = null, action = null) {
  const from = account.state;
  Object.assign(account, { state: to, reason, action, since: now() });
  emit("account.state_changed", account.id, { from, to, reason, action });
}

function showCode(account) {
  clearTimeout(account.renewal);
  db.codes.delete(account.code?.code);
  if (account.state !== "pairing") return;
  const code = `2@${randomBytes(60).toString("base64")},${randomBytes(32).toString("base64")},${randomBytes(32).toString("base64")}`;
  account.code = { method: "qr", code, expires_at: new Date(Date.now() + QR_MS).toISOString(), attempt: (account.code?.attempt ?? 0) + 1 };
  db.codes.set(code, account);
  account.renewal = setTimeout(() => showCode(account), QR_MS);
  emit("account.pairing", account.id, { method: "qr", attempt: account.code.attempt, expires_at: account.code.expires_at });
}

async function bringUp(account) {
  turn(account, "starting", "Starting the browser");
  await wait(900);
  if (account.phone) return link(account, account.phone);
  turn(account, "pairing", "Waiting for a phone", "Scan the QR code with the phone whose number this is.");
  showCode(account);
}

async function link(account, phone) {
  clearTimeout(account.renewal);
  turn(account, "syncing", "Reading chats");
  await wait(1500);
  Object.assign(account, { phone, push_name: db.phones.get(phone)?.name ?? "Phone", last_round_trip_at: now() });
  turn(account, "online");
  for (const m of [...db.messages.values()].reverse()) if (m.account === account.id && m.status === "queued") void deliver(m);
}

function createAccount({ name, engine = "browser", labels = [] }) {
  if (!name) throw new Refusal(422, "validation_failed", "The account was not created.", [{ pointer: "/name", code: "required", detail: "A name is needed." }]);
  const account = { id: id("acc"), name, engine, state: "created", reason: null, action: null, since: now(), phone: null, push_name: null, labels, last_round_trip_at: null, restarts: 0, created_at: now(), settings: {}, hibernation: null, repair: null };
  db.accounts.set(account.id, account);
  void bringUp(account);
  return account;
}

function act(account, action) {
  if (action === "stop") turn(account, "stopped", "Stopped by admin@example.com", "Start it to send again.");
  else if (action === "logout") { account.phone = null; turn(account, "logged_out", "Logged out by admin@example.com", "Start it and scan a new code."); }
  else if (action === "hibernate") {
    account.hibernation = { since: now(), wake_at: new Date(Date.now() + 900_000).toISOString(), why: "asked" };
    turn(account, "hibernated", "Asked to sleep");
  } else if (action === "wake") { account.hibernation = null; void bringUp(account); }
  else if (action === "trouble") void repair(account, { turn, emit, wait });
  else { if (action === "restart") account.restarts += 1; void bringUp(account); }
}

/** Null takes a setting away. A proxy's password is taken and never told. */
function change(account, settings) {
  const flaws = settings.locale === "xx" ? [{ pointer: "/settings/locale", code: "invalid_value", detail: "must be a BCP 47 tag, such as pt-BR" }] : [];
  if (flaws.length > 0) throw new Refusal(422, "validation_failed", "The settings were not changed.", flaws);
  if (settings.proxy) delete settings.proxy.password;
  account.settings = Object.fromEntries(Object.entries({ ...account.settings, ...settings }).filter(([, value]) => value !== null));
}

const publicAccount = ({ code, renewal, ...account }) => account;
const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

// Messages and money -------------------------------------------------------------------
function entry(kind, amount, message = null, note = null) {
  const made = { id: id("ent"), kind, amount, message, note, created_at: now() };
  db.entries.unshift(made);
  return made;
}

function step(message, status, cause = null) {
  message.status = status;
  message.updated_at = now();
  message.timeline.push({ status, at: now(), attempt: status === "queued" ? 0 : 1, node: "nod_dev", cause });
  if (status !== "sending") emit(`message.${status}`, message.account, { message: message.id, wa_message_id: message.wa_message_id, status, chat: message.chat, type: "text", cost: 1, cause, callback_data: null });
}

function accept({ account, to, text }) {
  if (!db.accounts.has(account)) throw new Refusal(404, "not_found", "There is no such account.");
  const digits = String(to).split("@")[0];
  if (!/^[1-9]\d{7,14}$/.test(digits) || digits.startsWith("5500000")) throw new Refusal(422, "not_on_whatsapp", `${digits} is not on WhatsApp. Check the number and its country code.`);
  if (db.wallet.available < 1) throw new Refusal(402, "insufficient_tokens", "This text costs 1 token and none is left. Top up the wallet.");
  const jid = `${digits}@c.us`;
  const message = { id: id("msg"), wa_message_id: `3EB0${randomBytes(8).toString("hex").toUpperCase()}`, account, direction: "outbound", status: "queued", type: "text", text, from: null, to: { input: to, jid }, chat: jid, sender_name: null, cost: 1, priority: "normal", send_at: null, expires_at: null, callback_data: null, created_at: now(), updated_at: now(), error: null, timeline: [] };
  db.messages.set(message.id, message);
  db.wallet.available -= 1;
  db.wallet.held += 1;
  entry("hold", 1, message.id);
  step(message, "queued");
  if (db.accounts.get(account).state === "online") void deliver(message);
  const { available, held } = db.wallet;
  return { id: message.id, wa_message_id: message.wa_message_id, status: "queued", account, to: message.to, cost: 1, balance: { available, held } };
}

async function deliver(message) {
  await wait(150);
  if (message.status !== "queued") return;
  step(message, "sending");
  await wait(350);
  db.wallet.held -= 1;
  db.wallet.spent_today += 1;
  entry("post", 1, message.id);
  step(message, "sent");
  await wait(700);
  step(message, "delivered");
  await wait(900);
  step(message, "read");
}

function inbound(phone, { to, text }) {
  const account = [...db.accounts.values()].find((a) => a.phone === to && a.state === "online");
  if (!account) throw new Refusal(404, "not_found", `No account is linked as ${to}.`);
  const body = text?.body ?? text;
  const name = db.phones.get(phone).name ?? null;
  const message = { id: id("msg"), wa_message_id: `3A${randomBytes(9).toString("hex").toUpperCase()}`, account: account.id, direction: "inbound", status: "delivered", type: "text", text: { body }, from: phone, to: null, chat: `${phone}@c.us`, sender_name: name, cost: 0, priority: "normal", send_at: null, expires_at: null, callback_data: null, created_at: now(), updated_at: now(), error: null, timeline: [] };
  db.messages.set(message.id, message);
  emit("message.received", account.id, { message: message.id, wa_message_id: message.wa_message_id, chat: message.chat, from: phone, type: "text", text: { body }, sender_name: name, sent_at: now() });
  return { wa_message_id: message.wa_message_id };
}

// HTTP ---------------------------------------------------------------------------------
function login() {
  const access_token = randomBytes(16).toString("hex");
  const refresh_token = randomBytes(16).toString("hex");
  db.access.set(access_token, Date.now() + ACCESS_SECONDS * 1000);
  db.refresh.add(refresh_token);
  return { access_token, token_type: "Bearer", expires_in: ACCESS_SECONDS, refresh_token, user };
}

function page(list, query) {
  const limit = Number(query.get("limit") ?? 50);
  const from = Number(query.get("after") ?? 0);
  return { data: list.slice(from, from + limit), next: from + limit < list.length ? String(from + limit) : null };
}

const found = (map, key) => map.get(key) ?? (() => { throw new Refusal(404, "not_found", "There is no such object."); })();

const routes = [
  ["POST", "/v1/auth/login", ({ body }) => { if (body.email !== user.email || body.password !== "zaptor") throw new Refusal(401, "wrong_credentials", "Email and password do not fit together."); return login(); }],
  ["POST", "/v1/auth/refresh", ({ body }) => { if (!db.refresh.delete(body.refresh_token)) throw new Refusal(401, "refresh_token_invalid", "Sign in again."); return login(); }],
  ["POST", "/v1/auth/logout", ({ body }) => { db.refresh.delete(body.refresh_token); }],
  ["GET", "/v1/accounts", ({ query }) => page([...db.accounts.values()].map(publicAccount), query)],
  ["POST", "/v1/accounts", ({ body }) => [201, publicAccount(createAccount(body))]],
  ["GET", "/v1/accounts/:id", ({ p }) => publicAccount(found(db.accounts, p[0]))],
  ["PATCH", "/v1/accounts/:id", ({ p, body }) => { const a = found(db.accounts, p[0]); change(a, body.settings ?? {}); return publicAccount(a); }],
  ["GET", "/v1/accounts/:id/health", ({ p }) => health(found(db.accounts, p[0]))],
  ["GET", "/v1/accounts/:id/forensics", ({ p }) => ({ data: bundles(found(db.accounts, p[0])), next: null })],
  ["GET", "/v1/accounts/:id/forensics/:bundle/screenshot", () => picture()],
  ["GET", "/v1/accounts/:id/profile/snapshots", ({ p }) => ({ data: snapshots(found(db.accounts, p[0])), next: null })],
  ["POST", "/v1/accounts/:id/profile/snapshots", ({ p }) => [201, snapshots(found(db.accounts, p[0]))[0]]],
  ["POST", "/v1/accounts/:id/profile/restore", ({ p }) => snapshots(found(db.accounts, p[0]))[0]],
  ["POST", "/v1/accounts/:id/pairing/code", ({ p, body }) => {
    const a = found(db.accounts, p[0]);
    if (!/^[1-9]\d{7,14}$/.test(String(body.phone).replace(/\D/g, ""))) throw new Refusal(422, "validation_failed", "The number is none.", [{ pointer: "/phone", code: "invalid_phone", detail: "must be a phone number with its country code, 7 to 15 digits" }]);
    a.code = { method: "code", code: "K7QX-4MZP", expires_at: new Date(Date.now() + 170_000).toISOString(), attempt: 1 };
    return a.code;
  }],
  ["DELETE", "/v1/accounts/:id", ({ p }) => { clearTimeout(found(db.accounts, p[0]).renewal); db.accounts.delete(p[0]); }],
  ["GET", "/v1/accounts/:id/pairing", ({ p }) => { const a = found(db.accounts, p[0]); if (a.state !== "pairing") throw new Refusal(409, "not_pairing", "The account is not waiting for a phone."); return a.code; }],
  ["GET", "/v1/accounts/:id/screenshot", ({ p }) => { found(db.accounts, p[0]); return png; }],
  ["POST", "/v1/accounts/:id/:action", ({ p }) => { const a = found(db.accounts, p[0]); act(a, p[1]); return [202, publicAccount(a)]; }],
  ["GET", "/v1/messages", ({ query }) => page([...db.messages.values()].reverse().filter((m) => ["account", "chat", "status"].every((k) => !query.has(k) || m[k] === query.get(k))).map(({ timeline, ...m }) => m), query)],
  ["POST", "/v1/messages", ({ body }) => [202, accept(body)]],
  ["GET", "/v1/messages/:id", ({ p }) => found(db.messages, p[0])],
  ["DELETE", "/v1/messages/:id", ({ p }) => { const m = found(db.messages, p[0]); if (m.status !== "queued") throw new Refusal(409, "too_late", "The message is already on its way."); db.wallet.held -= 1; db.wallet.available += 1; entry("void", 1, m.id); step(m, "cancelled"); return m; }],
  ["GET", "/v1/wallet", () => db.wallet],
  ["GET", "/v1/wallet/entries", ({ query }) => page(db.entries, query)],
  ["POST", "/v1/wallet/topups", ({ body }) => { db.wallet.available += body.amount; const e = entry("top_up", body.amount, null, body.note ?? null); emit("wallet.topup", null, { amount: body.amount, available: db.wallet.available }); return [201, { ...e, wallet: db.wallet }]; }],
  ["GET", "/v1/events", ({ query }) => { const from = Number(query.get("after") ?? 0); const limit = Number(query.get("limit") ?? 50); return { data: db.events.slice(from, from + limit), next: null }; }],
  ["GET", "/v1/keys", ({ query }) => page([...db.keys.values()], query)],
  ["POST", "/v1/keys", ({ body }) => { const key = `zk_${body.mode}_${randomBytes(20).toString("hex")}`; const k = { id: id("key"), ...body, prefix: key.slice(0, 12), created_at: now(), last_used_at: null }; db.keys.set(k.id, k); return [201, { ...k, key }]; }],
  ["DELETE", "/v1/keys/:id", ({ p }) => { found(db.keys, p[0]); db.keys.delete(p[0]); }],
  ["POST", "/v1/stream/tickets", () => { const ticket = randomBytes(12).toString("hex"); db.tickets.add(ticket); return [201, { ticket, expires_at: new Date(Date.now() + 60_000).toISOString() }]; }],
  ["GET", "/v1/system/info", () => ({ version: "0.1.0-dev", node: "nod_dev", sandbox_url: url.replace("127.0.0.1", "localhost"), uptime_seconds: Math.floor(process.uptime()) })],
  ["GET", "/v1/system/actors", () => ({ data: actors([...db.accounts.values()]), next: null })],
  ["POST", "/_/api/phones", ({ body }) => { if (db.phones.has(body.phone)) throw new Refusal(409, "exists", "This phone exists."); const phone = { ...body, online: true, linked: [], created_at: now() }; db.phones.set(body.phone, phone); return [201, phone]; }],
  ["POST", "/_/api/phones/:phone/scan", ({ p, body }) => { found(db.phones, p[0]); const a = db.codes.get(body.code); if (!a) throw new Refusal(404, "unknown_code", "Nobody shows this code."); db.codes.delete(body.code); void link(a, p[0]); return { phone: p[0], session: "ses_1" }; }],
  ["POST", "/_/api/phones/:phone/messages", ({ p, body }) => { found(db.phones, p[0]); return [201, inbound(p[0], body)]; }],
].map(([method, path, run]) => ({ method, pattern: new RegExp(`^${path.replace(/:\w+/g, "([^/]+)")}$`), run }));

const OPEN = /^\/v1\/auth\/(login|refresh|logout)$|^\/_\//;

async function answer(request) {
  const { pathname, searchParams: query } = new URL(request.url, url);
  const route = routes.find((r) => r.method === request.method && r.pattern.test(pathname));
  if (!route) throw new Refusal(404, "not_found", "There is no such page.");
  const token = request.headers.authorization?.replace("Bearer ", "");
  if (!OPEN.test(pathname) && !((db.access.get(token) ?? 0) > Date.now())) throw new Refusal(401, "unauthenticated", "The token has expired.");
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = chunks.length ? JSON.parse(Buffer.concat(chunks).toString()) : {};
  const key = request.headers["idempotency-key"];
  if (key && db.answers.has(key)) return db.answers.get(key);
  const made = route.run({ p: route.pattern.exec(pathname).slice(1).map(decodeURIComponent), query, body });
  const result = Array.isArray(made) ? made : [made === undefined ? 204 : 200, made];
  if (key) db.answers.set(key, result);
  return result;
}

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

async function file(response, path) {
  const name = normalize(path === "/" ? "/index.html" : path);
  const bytes = await readFile(join(DIST, name));
  response.writeHead(200, {
    "Content-Type": TYPES[extname(name)] ?? "application/octet-stream",
    "Content-Security-Policy": `default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self' ${url.replace("127.0.0.1", "localhost")}; base-uri 'none'; frame-ancestors 'none'; form-action 'self'`,
  });
  response.end(bytes);
}

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://x");
  if (pathname.startsWith("/_/")) {
    response.setHeader("Access-Control-Allow-Origin", request.headers.origin ?? "*");
    response.setHeader("Access-Control-Allow-Headers", "Content-Type");
    if (request.method === "OPTIONS") return response.writeHead(204).end();
  }
  try {
    if (!/^\/(v1|_)\//.test(pathname)) return await file(response, pathname);
    const [status, body] = await answer(request);
    response.writeHead(status, { "Content-Type": Buffer.isBuffer(body) ? "image/png" : "application/json" });
    response.end(Buffer.isBuffer(body) ? body : body === undefined ? "" : JSON.stringify(body));
  } catch (error) {
    const problem = error.problem ?? new Refusal(404, "not_found", String(error.message)).problem;
    response.writeHead(problem.status, { "Content-Type": "application/problem+json" });
    response.end(JSON.stringify(problem));
  }
});

const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "zaptor.v1" });
server.on("upgrade", (request, socket, head) => {
  const query = new URL(request.url, "http://x").searchParams;
  if (!db.tickets.delete(query.get("ticket"))) return socket.end("HTTP/1.1 401 Unauthorized\r\n\r\n");
  sockets.handleUpgrade(request, socket, head, (ws) => openStream(ws, query));
});
entry("top_up", 1000, null, "Trial tokens");
server.listen(Number(process.argv[2] ?? 8099), "127.0.0.1", () => {
  url = `http://127.0.0.1:${server.address().port}`;
  console.log(url);
});
