import type { Vote } from '../api/shapes';

export interface Tally {
  option: string;
  voters: string[];
  /** Share of the longest bar, 0 to 1. */
  share: number;
}

/** How often each option of a poll was chosen, and by whom. */
export function tally(options: readonly string[], votes: readonly Vote[]): Tally[] {
  const counted = options.map((option) => ({
    option,
    voters: votes.filter((vote) => vote.options.includes(option)).map((vote) => vote.by),
  }));
  const most = Math.max(1, ...counted.map(({ voters }) => voters.length));
  return counted.map((one) => ({ ...one, share: one.voters.length / most }));
}

/** The vote after one option was pressed. At most `selectable` stand at a time (0: any number); the last one counts. */
export function pressed(chosen: readonly string[], option: string, selectable: number): string[] {
  if (chosen.includes(option)) return chosen.filter((one) => one !== option);
  if (selectable === 1) return [option];
  const next = [...chosen, option];
  return selectable > 0 ? next.slice(-selectable) : next;
}
