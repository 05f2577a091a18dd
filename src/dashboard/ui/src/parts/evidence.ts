import type { Evidence } from "../api/types";
import { words } from "./repair";

/** What a state rests on, as a sentence; shapes that are not known are told field by field. Empty when nothing is. */
export function evidenceText(evidence: Evidence | null | undefined): string {
  if (evidence === null || evidence === undefined) return "";
  const has = (key: string) => evidence[key] !== undefined && evidence[key] !== null;
  const text = (key: string) => String(evidence[key]);
  if (has("round_trip_ms")) return `a round trip of ${text("round_trip_ms")} ms${has("probe") ? `, proof ${text("probe")}` : ""}`;
  if (has("missed_probes")) {
    return `${text("missed_probes")} round trips that were not proven${has("last_error") ? `, the last: ${text("last_error")}` : ""}`;
  }
  if (has("exit")) return `how its session ended: ${text("exit")}${has("generation") ? ` (start ${text("generation")})` : ""}`;
  if (has("page")) return `the page said: ${words(text("page"))}${has("detail") ? ` (${text("detail")})` : ""}`;
  if (has("asked")) return `somebody asked for it: ${text("asked")}`;
  if (has("epoch")) return `start ${text("epoch")} of its session${has("profile") ? `, ${text("profile")}` : ""}`;
  return Object.entries(evidence)
    .filter(([key, value]) => key !== "at" && value !== null)
    .map(([key, value]) => `${words(key)} ${Array.isArray(value) ? value.join(", ") : String(value)}`)
    .join("; ");
}
