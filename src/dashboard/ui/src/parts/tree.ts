import type { ActorRow } from "../api/types";

export interface Branch {
  row: ActorRow;
  depth: number;
}

/** The key under which children name an actor as their parent. */
function nameOf(row: ActorRow): string {
  return row.name;
}

/**
 * Actors in the order of their tree, each with its depth: children follow their parent in the order in which they came.
 * A parent that nobody knows, or a circle, loses no row: such rows stand at the root.
 */
export function arranged(rows: readonly ActorRow[]): Branch[] {
  const children = new Map<string, ActorRow[]>();
  // Accounts are leaves: many share one name, so none of them is anybody's parent.
  const known = new Set(rows.filter((row) => row.account === null).map(nameOf));
  const roots: ActorRow[] = [];
  for (const row of rows) {
    const parent = row.parent ?? null;
    if (parent === null || parent === row.name || !known.has(parent)) roots.push(row);
    else children.set(parent, [...(children.get(parent) ?? []), row]);
  }
  const branches: Branch[] = [];
  const seen = new Set<ActorRow>();
  const add = (row: ActorRow, depth: number) => {
    if (seen.has(row)) return;
    seen.add(row);
    branches.push({ row, depth });
    if (row.account !== null) return;
    for (const child of children.get(nameOf(row)) ?? []) add(child, depth + 1);
  };
  for (const root of roots) add(root, 0);
  for (const row of rows) add(row, 0);
  return branches;
}
