import type { Evidence } from "../api/types";
import { words } from "./repair";
import { readable } from "./sentence";
import { size } from "./size";
import { clock } from "./time";

/** Why an account was parked. */
export const PARKED: Record<string, string> = {
  idle: "it had nothing to do",
  asked: "somebody asked for it",
  memory: "the machine is short of memory",
};

/** What a state rests on, as a sentence; shapes that are not known are told field by field. Empty when nothing is. */
export function evidenceText(evidence: Evidence | null | undefined): string {
  if (evidence === null || evidence === undefined) return "";
  const has = (key: string) => evidence[key] !== undefined && evidence[key] !== null;
  const text = (key: string) => String(evidence[key]);
  if (has("round_trip_ms")) return `a round trip of ${text("round_trip_ms")} ms${has("probe") ? `, proof ${text("probe")}` : ""}`;
  if (has("missed_probes")) {
    return `${text("missed_probes")} round trips that were not proven${has("last_error") ? `, the last: ${text("last_error")}` : ""}`;
  }
  if (has("parked")) return `it was parked: ${PARKED[text("parked")] ?? words(text("parked"))}${has("last_activity_at") ? `, its last message ${clock(text("last_activity_at"))}` : ""}`;
  if (has("waits_for")) return `it waits for ${words(text("waits_for"))}: ${size(Number(evidence.needs_bytes))} needed, ${size(Number(evidence.free_bytes))} free`;
  if (has("exit")) return `how its session ended: ${readable(text("exit"))}${has("generation") ? ` (start ${text("generation")})` : ""}`;
  if (has("page")) return `the page said: ${words(text("page"))}${has("detail") ? ` (${text("detail")})` : ""}`;
  if (has("proxy")) return `its proxy (${words(text("proxy"))}): ${text("detail")}`;
  if (has("asked")) return `somebody asked for it: ${text("asked")}`;
  if (has("epoch")) return `start ${text("epoch")} of its session${has("profile") ? `, ${text("profile")}` : ""}`;
  return Object.entries(evidence)
    .filter(([key, value]) => key !== "at" && value !== null)
    .map(([key, value]) => `${words(key)} ${Array.isArray(value) ? value.join(", ") : String(value)}`)
    .join("; ");
}
