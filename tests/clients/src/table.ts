/** The tables in the sandbox's README: made of the rows of a run, and read back to compare with the next. */

import { readFileSync, writeFileSync } from 'node:fs';
import type { Outcome, Remark, Row, Rows, Surface } from './rows';

const OUTCOMES: readonly Outcome[] = ['works', 'not simulated', 'differs'];

/** Where the results of a client stand in the file. */
const edges = (part: string) => ({ begin: `<!-- ${part} begin -->`, end: `<!-- ${part} end -->` });
const resultsOf = (client: string) => edges(`results of ${client}`);

const quoted = (calls: readonly string[]) => calls.map((call) => `\`${call}\``).join(' · ');

/** One table for a client, and a line in it for each area. */
function drawn(client: string, rows: readonly Row[], { leftOut, known }: Surface): string {
  const areas = [...new Set(rows.map((row) => row.area))];
  const cell = (area: string, outcome: Outcome) =>
    quoted(rows.filter((row) => row.area === area && row.outcome === outcome).map((row) => row.call));
  return [
    `### ${client}`,
    '',
    `${rows.filter((row) => row.outcome === 'works').length} of ${rows.length} work.`,
    '',
    '| Area | Works | Not simulated | Differs |',
    '|---|---|---|---|',
    ...areas.map((area) => `| ${[area, ...OUTCOMES.map((outcome) => cell(area, outcome))].join(' | ')} |`),
    ...listed('Why some of it does not work:', stillTrue(known, rows)),
    ...listed('Left out on purpose:', leftOut),
  ].join('\n');
}

function listed(title: string, remarks: readonly Remark[]): string[] {
  if (!remarks.length) return [];
  return ['', title, '', ...remarks.map(({ reason, calls }) => `- ${reason}: ${quoted(calls)}.`)];
}

/** Remarks on calls that do not work, of those that indeed do not. */
function stillTrue(remarks: readonly Remark[], rows: readonly Row[]): Remark[] {
  const working = new Set(rows.filter((row) => row.outcome === 'works').map((row) => row.call));
  return remarks.map(({ reason, calls }) => ({ reason, calls: calls.filter((call) => !working.has(call)) }))
    .filter(({ calls }) => calls.length);
}

/** Areas against clients: how many calls of each work. */
function overview(file: string, clients: readonly string[]): string {
  const results = clients.map((client) => read(file, client));
  const areas = [...new Set(results.flat().map((row) => row.area))];
  const share = (rows: readonly Row[]) =>
    (rows.length ? `${rows.filter((row) => row.outcome === 'works').length} of ${rows.length}` : '');
  return [
    `| Calls and events that work | ${clients.join(' | ')} |`,
    `|---|${clients.map(() => '---|').join('')}`,
    ...areas.map((area) => `| ${[area, ...results.map((rows) => share(rows.filter((row) => row.area === area)))].join(' | ')} |`),
    `| **All** | ${results.map((rows) => `**${share(rows)}**`).join(' | ')} |`,
  ].join('\n');
}

/** Puts the results of a client into the file, in place of the old ones. */
export function write(file: string, client: string, rows: Rows): void {
  put(file, resultsOf(client), drawn(client, rows.all, rows.surface));
}

/** Counts anew what the file says of these clients. */
export function writeOverview(file: string, clients: readonly string[]): void {
  put(file, edges('results together'), overview(file, clients));
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
  const { begin, end } = resultsOf(client);
  const text = readFileSync(file, 'utf8');
  const part = text.slice(text.indexOf(begin) + begin.length, text.indexOf(end));
  return part.split('\n').filter((line) => line.startsWith('| ')).slice(1).flatMap((line) => {
    const [area = '', ...cells] = line.split('|').slice(1, -1).map((cell) => cell.trim());
    return cells.flatMap((cell, at) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, call = '']) => ({ area, call, outcome: OUTCOMES[at] ?? 'differs' })));
  });
}

function put(file: string, { begin, end }: { begin: string; end: string }, text: string): void {
  const whole = readFileSync(file, 'utf8');
  const [from, to] = [whole.indexOf(begin), whole.indexOf(end)];
  if (from < 0 || to < 0) throw new Error(`${file} has no place for results: ${begin} … ${end}`);
  writeFileSync(file, `${whole.slice(0, from)}${begin}\n\n${text}\n\n${whole.slice(to)}`);
}
