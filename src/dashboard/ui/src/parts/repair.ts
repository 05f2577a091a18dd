import type { Bundle, Event, Repair, Stage, TriedStage } from "../api/types";

/** The stages of a repair in the order in which they are tried, each with what it does. */
export const STAGES: readonly [stage: Stage, name: string][] = [
  ["dismiss_modal", "Dismiss the dialog"],
  ["reload_page", "Reload the page"],
  ["new_page", "Open a new page"],
  ["new_browser", "Start a new browser"],
  ["restore_profile", "Put the last good profile back"],
  ["ask_user", "Ask for a person"],
];

export function stageName(stage: string): string {
  return STAGES.find(([known]) => known === stage)?.[1] ?? words(stage);
}

/** `page_unresponsive` as `page unresponsive`. */
export function words(name: string): string {
  return name.replaceAll("_", " ");
}

export interface Step {
  stage: Stage;
  name: string;
  /** `untried`: a stage before it helped, or it was not fit for the trouble. */
  outcome: "begun" | "helped" | "failed" | "untried";
  attempt: number;
  at: string | null;
  tookMs: number | null;
  detail: string | null;
}

interface RepairSaid {
  stage: Stage;
  attempt: number;
  trigger: string;
  outcome: "begun" | "helped" | "failed";
}

/** The trouble is another one once a stage helped, or when an earlier stage begins again. */
function sameRepair(order: (stage: Stage) => number, newer: RepairSaid, older: RepairSaid): boolean {
  return older.outcome !== "helped" && order(older.stage) <= order(newer.stage);
}

/** The newest repair of an account as far as the stream told of it: one step for each stage, or null. */
export function told(account: string, newestFirst: readonly Event[]): { steps: Step[]; trigger: string } | null {
  const order = (stage: Stage) => STAGES.findIndex(([known]) => known === stage);
  const steps = new Map<Stage, Step>();
  let newer: RepairSaid | null = null;
  for (const event of newestFirst) {
    if (event.type !== "account.repair" || event.account !== account) continue;
    const said = event.data as unknown as RepairSaid;
    if (newer !== null && !sameRepair(order, newer, said)) break;
    const known = steps.get(said.stage);
    if (known === undefined) {
      steps.set(said.stage, {
        stage: said.stage,
        name: stageName(said.stage),
        outcome: said.outcome,
        attempt: said.attempt,
        at: event.timestamp,
        tookMs: null,
        detail: null,
      });
    } else if (said.outcome === "begun" && known.at !== null && known.tookMs === null && known.outcome !== "begun") {
      steps.set(said.stage, { ...known, at: event.timestamp, tookMs: Date.parse(known.at) - Date.parse(event.timestamp) });
    }
    newer = said;
  }
  return newer === null ? null : { steps: filled([...steps.values()]), trigger: newer.trigger };
}

/** The steps that a bundle has kept. */
export function kept(bundle: Pick<Bundle, "stages">): Step[] {
  return filled(bundle.stages.map(stepOf));
}

function stepOf(tried: TriedStage): Step {
  return {
    stage: tried.stage,
    name: stageName(tried.stage),
    outcome: tried.outcome,
    attempt: 1,
    at: tried.began_at,
    tookMs: tried.took_ms,
    detail: tried.detail,
  };
}

/** The repair that is under way, when nothing else is known of it. */
export function current(repair: Repair): Step[] {
  const step: Step = {
    stage: repair.stage,
    name: stageName(repair.stage),
    outcome: "begun",
    attempt: repair.attempt,
    at: repair.since,
    tookMs: null,
    detail: null,
  };
  return filled([step]);
}

/** All stages in their order; what was not tried is there without an outcome. A stage may have been tried twice. */
function filled(tried: Step[]): Step[] {
  return STAGES.flatMap(([stage, name]): Step[] => {
    const own = tried.filter((step) => step.stage === stage);
    return own.length > 0 ? own : [{ stage, name, outcome: "untried", attempt: 0, at: null, tookMs: null, detail: null }];
  });
}
