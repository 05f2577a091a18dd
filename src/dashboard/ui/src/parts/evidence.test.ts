import { expect, it } from "vitest";
import { evidenceText } from "./evidence";

it("says what a state rests on in a sentence", () => {
  const rows: [Record<string, unknown> | null, string][] = [
    [null, ""],
    [{ round_trip_ms: 84, probe: 17, at: "x" }, "a round trip of 84 ms, proof 17"],
    [{ missed_probes: 2, last_error: "offline" }, "2 round trips that were not proven, the last: offline"],
    [{ exit: "browser gone", generation: 4 }, "how its session ended: browser gone (start 4)"],
    [{ exit: "proxy_refused: status 407", generation: 2 }, "how its session ended: proxy refused: status 407 (start 2)"],
    [{ page: "shows_code" }, "the page said: shows code"],
    [{ parked: "idle", at: "x" }, "it was parked: it had nothing to do"],
    [{ waits_for: "memory", needs_bytes: 199_229_440, free_bytes: 1_048_576 }, "it waits for memory: 190 MiB needed, 1.0 MiB free"],
    [{ proxy: "proxy_refused", detail: "status 407" }, "its proxy (proxy refused): status 407"],
    [{ asked: "stop", at: "x" }, "somebody asked for it: stop"],
    [{ epoch: 3, at: "x" }, "start 3 of its session"],
    [{ missing: ["chat.find", "conn.isOnline"], at: "x" }, "missing chat.find, conn.isOnline"],
  ];
  for (const [given, expected] of rows) expect(evidenceText(given)).toBe(expected);
});
