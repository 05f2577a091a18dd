import { describe, expect, it } from "vitest";
import type { Event } from "../api/types";
import { kept, told } from "./repair";

const T = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, "0")}.000Z`;

function said(second: number, stage: string, outcome: string, account = "acc_1"): Event {
  const data = { stage, outcome, attempt: 1, trigger: "page_unresponsive" };
  return { id: `evt_${second}`, seq: second, type: "account.repair", tenant: "t", account, account_seq: null, timestamp: T(second), data };
}

const outcomes = (steps: { stage: string; outcome: string }[] | undefined) =>
  Object.fromEntries((steps ?? []).filter((s) => s.outcome !== "untried").map((s) => [s.stage, s.outcome]));

describe("told", () => {
  const first = [said(1, "reload_page", "begun"), said(3, "reload_page", "failed"), said(4, "new_page", "begun")];

  it("shows each stage once, with its newest word and how long it took", () => {
    const repair = told("acc_1", [...first].reverse());
    expect(outcomes(repair?.steps)).toEqual({ reload_page: "failed", new_page: "begun" });
    expect(repair?.steps.find((s) => s.stage === "reload_page")?.tookMs).toBe(2000);
    expect(repair?.steps.map((s) => s.stage)).toEqual([
      "dismiss_modal", "reload_page", "new_page", "new_browser", "restore_profile", "ask_user",
    ]);
    expect(repair?.trigger).toBe("page_unresponsive");
  });

  it("ends where the trouble before ended", () => {
    const then = [...first, said(5, "new_page", "helped"), said(20, "dismiss_modal", "begun")];
    expect(outcomes(told("acc_1", then.reverse())?.steps)).toEqual({ dismiss_modal: "begun" });
  });

  it("knows nothing of other accounts", () => {
    expect(told("acc_2", first)).toBeNull();
  });
});

describe("kept", () => {
  it("keeps every attempt of a stage", () => {
    const tried = (outcome: "failed" | "helped") => ({ stage: "new_browser" as const, began_at: T(1), took_ms: 5, outcome, detail: null });
    const steps = kept({ stages: [tried("failed"), tried("helped")] });
    expect(steps.filter((s) => s.stage === "new_browser").map((s) => s.outcome)).toEqual(["failed", "helped"]);
    expect(steps).toHaveLength(7);
  });
});
