// The part of the stand-in that is about how accounts are: health, repairs, hibernation, snapshots, the actors' tree.
// Everything is made up, and moves a little, so that the page has something to show.
import { deflateSync } from "node:zlib";

const MIB = 1_048_576;
const STAGES = ["dismiss_modal", "reload_page", "new_page", "new_browser", "restore_profile", "ask_user"];
const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
const lives = (account) => ["online", "degraded", "syncing", "pairing"].includes(account.state);

/** Numbers that wander, the same at the same moment. */
const wave = (seed, period) => Math.sin((Date.now() / 1000 / period + seed) * 2 * Math.PI);

function resources(account) {
  if (account.engine !== "browser" || !lives(account)) return null;
  return {
    pss_bytes: Math.round((178 + 9 * wave(1, 47) + 3 * wave(2, 11)) * MIB),
    cpu_seconds: 12.4 + Math.round((Date.now() - Date.parse(account.since)) / 100) / 500,
    cpu_percent: Math.max(0.1, 1.4 + 1.1 * wave(3, 23) + 0.4 * wave(5, 7)),
    processes: 7,
    page_errors: 0,
    measured_at: new Date(Math.floor(Date.now() / 3000) * 3000).toISOString(),
  };
}

function probes(account) {
  if (account.last_round_trip_at === null) return [];
  return Array.from({ length: 20 }, (_, i) => {
    const failed = account.state === "degraded" ? i < 2 : i === 13;
    const at = new Date(Math.floor(Date.now() / 30_000) * 30_000 - i * 30_000).toISOString();
    return failed
      ? { at, took_ms: null, error: "no round trip could be proven: the page does not answer" }
      : { at, took_ms: 60 + Math.round(40 * Math.abs(Math.sin(i * 2.3))), error: null };
  });
}

export function health(account) {
  const evidence = account.state === "online" ? { round_trip_ms: 84, probe: 17, at: ago(3) } : (account.evidence ?? null);
  return {
    state: account.state,
    since: account.since,
    reason: account.reason,
    action: account.action,
    evidence,
    last_round_trip_at: account.last_round_trip_at,
    probes: probes(account),
    restarts: account.restarts,
    last_exit: account.restarts > 0 ? { reason: "the browser is gone", at: ago(4000) } : null,
    generation: account.restarts + 1,
    resources: resources(account),
    limits: account.engine === "browser" ? { soft_bytes: 400 * MIB, hard_bytes: 600 * MIB } : null,
    repair: account.repair ?? null,
    agent: account.phone === null ? null : agent(account),
    hibernation: account.hibernation ?? null,
  };
}

function agent(account) {
  const missing = account.name.includes("drift") ? [
    { name: "whatsapp.functions.addAndSendMsgToChat", needed_for: ["send"] },
    { name: "chat.getMessageById", needed_for: ["look_up", "backfill"] },
  ] : [];
  return { version: "0.2.0", build: "9f2c4e1a7b3d5680", wa_js: "3.20.1", whatsapp_web: "2.3000.1029", missing, tested_at: ago(900) };
}

/** A repair as it goes: each stage is told when it begins and when it has failed, until one helps. */
export async function repair(account, { turn, emit, wait }) {
  const trigger = "page_unresponsive";
  turn(account, "degraded", "the page does not answer");
  account.evidence = { missed_probes: 2, last_error: "no answer within 6 s", at: ago(0) };
  for (const stage of STAGES.slice(1, 4)) {
    account.repair = { stage, attempt: 1, since: ago(0), trigger };
    emit("account.repair", account.id, { stage, attempt: 1, trigger, outcome: "begun" });
    await wait(4000);
    const outcome = stage === "new_browser" ? "helped" : "failed";
    emit("account.repair", account.id, { stage, attempt: 1, trigger, outcome });
  }
  account.repair = null;
  account.restarts += 1;
  account.last_round_trip_at = ago(0);
  turn(account, "online");
}

export function bundles(account) {
  if (account.restarts === 0) return [];
  const tried = (stage, began, took_ms, outcome, detail = null) => ({ stage, began_at: ago(began), took_ms, outcome, detail });
  return [
    {
      id: "rep_01JD8ZK7X4M4T2Q6W9B3N5C8VF", at: ago(70), trigger: "page_unresponsive", detail: "The page did not answer for 6 s.",
      stages: [
        tried("reload_page", 70, 6010, "failed", "the page does not answer"),
        tried("new_page", 64, 6100, "failed", "the new page shows nothing"),
        tried("new_browser", 58, 2350, "helped"),
      ],
      ended: "repaired",
      states: [
        { at: ago(400), state: "online", reason: null },
        { at: ago(71), state: "degraded", reason: "the page does not answer" },
        { at: ago(58), state: "restarting", reason: "a new browser is started" },
      ],
      console: ["14:02:11 warning: Worker stopped responding", "14:02:13 error: Uncaught (in promise) RangeError: <hidden>"],
      has_screenshot: true,
      bytes: 48_200,
    },
    {
      id: "rep_01JD8ZK7X4M4T2Q6W9B3N5C8VE", at: ago(90_000), trigger: "modal", detail: "", stages: [tried("dismiss_modal", 90_000, 240, "helped")],
      ended: "repaired", states: [], console: [], has_screenshot: false, bytes: 900,
    },
  ];
}

export const snapshots = (account) =>
  account.phone === null ? [] : [1, 2, 3].map((n) => ({ id: `snp_01JD8ZK7X4M4T2Q6W9B3N5C8V${n}`, taken_at: ago(n * 80_000), stored_bytes: 3_400_000 + n * 41_000 }));

export function actors(accounts) {
  const service = (name) => row(name, { parent: "supervisor", class: "permanent" });
  const driver = row("driver 1", { parent: "supervisor", class: "permanent", strategy: "rest_for_one", pss_bytes: 21 * MIB, cpu_percent: 0.2 });
  return [
    row("supervisor", { strategy: "one_for_one" }),
    service("dispatcher"), service("billing"), service("rate_limit"), service("registry"),
    driver,
    ...accounts.map((account) => row("account", {
      account: account.id,
      parent: account.engine === "browser" ? "driver 1" : "supervisor",
      state: account.state === "failed" ? "failed" : account.state === "stopped" || account.state === "hibernated" ? "stopped" : "running",
      generation: account.restarts + 1,
      restarts: account.restarts,
      last_exit: account.restarts > 0 ? { reason: "the browser is gone", at: ago(70) } : null,
      queue_depth: 0,
      pss_bytes: resources(account)?.pss_bytes ?? null,
      cpu_percent: resources(account)?.cpu_percent ?? null,
    })),
  ];
}

const row = (name, more) => ({
  name, account: null, parent: null, state: "running", generation: 1, restarts: 0, last_exit: null, permits_in_use: 0, queue_depth: null,
  cpu_percent: null, pss_bytes: null, class: "transient", strategy: null, ...more,
});

/** A page as a picture: 640 by 400, a bar and some boxes. */
export function picture() {
  const [width, height] = [640, 400];
  const rows = Buffer.alloc(height * (width * 3 + 1));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const bar = y < 44;
      const box = x > 24 && x < 220 && y > 70 && (y - 70) % 56 < 40;
      const shade = bar ? [11, 127, 96] : box ? [222, 228, 231] : [246, 248, 249];
      rows.set(shade, y * (width * 3 + 1) + 1 + x * 3);
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), part("IHDR", head), part("IDAT", deflateSync(rows)), part("IEND", Buffer.alloc(0))]);
}

function part(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [size, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  size.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc(body));
  return Buffer.concat([size, body, sum]);
}

/** The checksum of PNG's parts (ISO 3309). */
function crc(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let i = 0; i < 8; i += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}
