/** The table in the sandbox's README: made of the rows of a run, and read back to compare with the next. */

import { readFileSync, writeFileSync } from 'node:fs';
import type { Outcome, Row } from './rows';

const OUTCOMES: readonly Outcome[] = ['works', 'not simulated', 'differs'];

/** Where the results of a client stand in the file. */
function edges(client: string): { begin: string; end: string } {
  return { begin: `<!-- results of ${client} begin -->`, end: `<!-- results of ${client} end -->` };
}

/** One table for a client: a line for each area and outcome would hide the calls, so each call has its own. */
function drawn(client: string, rows: readonly Row[]): string {
  const count = (outcome: Outcome) => rows.filter((row) => row.outcome === outcome).length;
  const counts = OUTCOMES.map((outcome) => `${count(outcome)} ${outcome}`).join(', ');
  return [
    `### ${client}: ${counts}`,
    '',
    '| Area | Call | On the sandbox |',
    '|---|---|---|',
    ...rows.map((row) => `| ${row.area} | ${row.call} | ${row.outcome} |`),
  ].join('\n');
}

/** Puts the results of a client into the file, in place of the old ones. */
export function write(file: string, client: string, rows: readonly Row[]): void {
  const { begin, end } = edges(client);
  const [before, after] = around(file, client);
  writeFileSync(file, `${before}${begin}\n\n${drawn(client, rows)}\n\n${end}${after}`);
}

/**
 * What the file says and the rows deny: a call that worked and does not any more, or that nobody tries any
 * more. Empty where there is no such call.
 */
export function worse(file: string, client: string, rows: readonly Row[]): string[] {
  return read(file, client).filter((was) => was.outcome === 'works').flatMap((was) => {
    const now = rows.find((row) => row.area === was.area && row.call === was.call);
    if (now?.outcome === 'works') return [];
    return [`${was.area}: ${was.call}: worked, now ${now ? `${now.outcome} (${now.why})` : 'not tried'}`];
  });
}

/** Calls that work and of which the file does not say so. */
export function better(file: string, client: string, rows: readonly Row[]): string[] {
  const known = read(file, client);
  return rows.filter((row) => row.outcome === 'works').filter((row) =>
    !known.some((was) => was.area === row.area && was.call === row.call && was.outcome === 'works'),
  ).map((row) => `${row.area}: ${row.call}`);
}

function read(file: string, client: string): Row[] {
  const { begin, end } = edges(client);
  const text = readFileSync(file, 'utf8');
  const part = text.slice(text.indexOf(begin) + begin.length, text.indexOf(end));
  return part.split('\n').filter((line) => line.startsWith('| ')).slice(1).map((line) => {
    const [area = '', call = '', outcome = ''] = line.split('|').slice(1).map((cell) => cell.trim());
    return { area, call, outcome: outcome as Outcome };
  });
}

function around(file: string, client: string): [before: string, after: string] {
  const { begin, end } = edges(client);
  const text = readFileSync(file, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < 0) throw new Error(`${file} has no place for the results of ${client}: ${begin} … ${end}`);
  return [text.slice(0, from), text.slice(to + end.length)];
}
