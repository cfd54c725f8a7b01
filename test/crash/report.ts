/**
 * What was played, cell by cell as it ends, so that a long run can be interrupted and continued; and the tables of
 * docs/crash-matrix.md, made of it and of nothing else.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, type as system } from 'node:os';
import { FILL_STEPS } from '@parqueue/core';
import { withPart, type Marks } from '../fixtures/marked-part.ts';
import { ALL_CELLS, FAULTS, nameOf, type Cell } from './cells.ts';
import type { CellReport } from './run-cell.ts';
import { STALL_MS } from './stalls.ts';

/** A report, or why there is none: the cell did not come to its end. */
export type Outcome = CellReport | Pick<CellReport, 'cell' | 'wrong'>;

export type Played = Outcome & {
  /** How often until it came to its end, or was given up. */
  readonly plays: number;
  readonly endedAt: string;
  readonly machine: string;
};

export const MARKS: Marks = { begin: '<!-- cells: written by `npm run crash` -->', end: '<!-- end of cells -->' };

export class Ledger {
  readonly #file: string | null;
  readonly #played = new Map<string, Played>();
  /** Cells that failed once, and what was wrong then; whether they held afterwards is in the other one. */
  readonly #failed = new Map<string, Played>();

  /** @param file one line per cell; null: nothing is kept */
  constructor(file: string | null) {
    this.#file = file;
    if (file === null || !existsSync(file)) return;
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    for (const line of lines) this.#keep(JSON.parse(line) as Played);
  }

  get size(): number {
    return this.#played.size;
  }

  /** Played before, and nothing was wrong. */
  held(name: string): boolean {
    return this.#played.get(name)?.wrong.length === 0;
  }

  add(outcome: Outcome, plays: number): void {
    const machine = `${availableParallelism()} cores, Node ${process.versions.node}, ${system()}`;
    const played = { ...outcome, plays, endedAt: new Date().toISOString(), machine };
    this.#keep(played);
    if (this.#file !== null) appendFileSync(this.#file, `${JSON.stringify(played)}\n`);
  }

  #keep(played: Played): void {
    const name = nameOf(played.cell);
    this.#played.set(name, played);
    if (played.wrong.length > 0) this.#failed.set(name, played);
  }

  report(): string {
    const all = [...this.#played.values()];
    if (all.length === 0) return 'No cell was played.';
    const failures = [...this.#failed.values()].map(({ cell, wrong, endedAt }) => {
      const since = this.held(nameOf(cell)) ? `failed at ${minuteOf(endedAt)}, and held afterwards` : 'failed';
      return `- ${nameOf(cell)}: ${since}: ${wrong.join('; ')}`;
    });
    const parts = [totalsOf(all), readersOf(all), matrixOf(all), heardOf(all), failures.join('\n')];
    return parts.filter((part) => part !== '').join('\n\n');
  }
}

/** Puts the report between the marks of the document. */
export function documentIn(file: string, report: string): void {
  const written = withPart(readFileSync(file, 'utf8'), MARKS, report);
  if (written === null) throw new Error(`${file} has no place for the report: ${MARKS.begin} … ${MARKS.end}`);
  writeFileSync(file, written);
}

function totalsOf(all: readonly Played[]): string {
  const times = all.map(({ endedAt }) => endedAt).toSorted();
  const failed = all.filter(({ wrong }) => wrong.length > 0).length;
  const again = all.filter(({ plays }) => plays > 1).length;
  const machines = [...new Set(all.map(({ machine }) => machine))].join('; ');
  const situations = ALL_CELLS.length / (FILL_STEPS.length * FAULTS.length);
  const counts = FILL_STEPS.flatMap((step) => FAULTS.map((fault) => ownOf(all, step, fault).length));
  return [
    `**${all.length} of ${ALL_CELLS.length} cells were played, of which ${failed} failed**: each fault at each step in ${rangeOf(counts)} of ${situations} situations.`,
    `The first ended ${minuteOf(times[0] ?? '')}, the last ${minuteOf(times.at(-1) ?? '')} (${machines}).`,
    `${again} were played more than once, since a process of theirs got no processor for ${STALL_MS} ms before they came to their end.`,
  ].join('\n');
}

function readersOf(all: readonly Played[]): string {
  const reports = all.filter(isReport);
  const sum = (of: (report: CellReport) => number): number => reports.reduce((total, report) => total + of(report), 0);
  const refused = shown(tally(reports.flatMap(({ seen }) => Object.entries(seen.refused))));
  const read = `Readers read ${sum(({ seen }) => seen.read)} row sets, ${sum(({ seen }) => seen.wrong.length)} of them wrong.`;
  return refused === '' ? `${read} They were never refused.` : `${read} They were refused: ${refused}.`;
}

/** Step by step and fault by fault: cells that held, of those played. */
function matrixOf(all: readonly Played[]): string {
  const rows = FILL_STEPS.map((step) => [
    `\`${step}\``,
    ...FAULTS.map((fault) => {
      const own = ownOf(all, step, fault);
      return `${own.filter(({ wrong }) => wrong.length === 0).length}/${own.length}`;
    }),
  ]);
  return `Held, of the cells played:\n\n${tableOf(['step', ...FAULTS], rows)}`;
}

/** What the callers heard whose asks met the fault, and how many loads it took until the retry was answered. */
function heardOf(all: readonly Played[]): string {
  const rows = FAULTS.map((fault) => {
    const own = all.filter(isReport).filter(({ cell }) => cell.fault === fault);
    return [fault, shown(tally(own.map(({ heard }) => [heard, 1]))), rangeOf(own.map(({ loads }) => loads))];
  });
  const table = tableOf(['fault', 'what the caller heard', 'loads'], rows);
  return `Callers whose asks met the fault, and how many loads were begun until the retry was answered:\n\n${table}`;
}

function ownOf(all: readonly Played[], step: Cell['step'], fault: Cell['fault']): readonly Played[] {
  return all.filter(({ cell }) => cell.step === step && cell.fault === fault);
}

function isReport(played: Played): played is Played & CellReport {
  return 'heard' in played;
}

function minuteOf(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

function rangeOf(counts: readonly number[]): string {
  if (counts.length === 0) return '';
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most ? String(least) : `${least}–${most}`;
}

function tally(counted: readonly (readonly [string, number])[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [word, times] of counted) counts.set(word, (counts.get(word) ?? 0) + times);
  return counts;
}

function shown(counts: ReadonlyMap<string, number>): string {
  const words = [...counts].toSorted(([, a], [, b]) => b - a);
  return words.map(([word, count]) => `${word === 'rows' ? word : `\`${word}\``} ${count}`).join(', ');
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
