import { expect, it } from "vitest";
import type { ActorRow } from "../api/types";
import { arranged } from "./tree";

const row = (name: string, parent: string | null = null, account: string | null = null): ActorRow => ({
  name, parent, account, state: "running", generation: 1, restarts: 0, last_exit: null, permits_in_use: 0,
});
const shown = (rows: ActorRow[]) => arranged(rows).map(({ row, depth }) => `${" ".repeat(depth)}${row.account ?? row.name}`);

it("puts children below their parent and loses none", () => {
  const rows = [
    row("supervisor"), row("registry", "supervisor"), row("driver 1", "supervisor"),
    row("account", "driver 1", "acc_1"), row("account", "supervisor", "acc_2"), row("account", "gone", "acc_3"),
  ];
  expect(shown(rows)).toEqual(["supervisor", " registry", " driver 1", "  acc_1", " acc_2", "acc_3"]);
});

it("shows a flat list and a circle as they come", () => {
  expect(shown([row("registry"), row("account", null, "acc_1")])).toEqual(["registry", "acc_1"]);
  expect(shown([row("a", "b"), row("b", "a")]).map((name) => name.trim()).sort()).toEqual(["a", "b"]);
});
