/**
 * What was played, cell by cell as it ends, so that a long run can be interrupted and continued; and the tables of
 * docs/crash-matrix.md, made of it.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { FILL_STEPS } from '@parqueue/core';
import { FAULTS, nameOf } from './cells.ts';
import type { CellReport } from './run-cell.ts';

/** A report, or why there is none: the cell did not come to its end. */
export type Played = CellReport | Pick<CellReport, 'cell' | 'wrong'>;

export class Ledger {
  readonly #file: string | null;
  readonly #played = new Map<string, Played>();

  /** @param file one line per cell; null: nothing is kept */
  constructor(file: string | null) {
    this.#file = file;
    if (file === null || !existsSync(file)) return;
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    for (const played of lines.map((line) => JSON.parse(line) as Played)) this.#played.set(nameOf(played.cell), played);
  }

  /** Played before, and nothing was wrong. */
  held(name: string): boolean {
    return this.#played.get(name)?.wrong.length === 0;
  }

  add(played: Played): void {
    this.#played.set(nameOf(played.cell), played);
    if (this.#file !== null) appendFileSync(this.#file, `${JSON.stringify(played)}\n`);
  }

  writeTo(file: string): void {
    const played = [...this.#played.values()];
    const failures = played.flatMap(({ cell, wrong }) => wrong.map((what) => `- ${nameOf(cell)}: ${what}`));
    const parts = [totalsOf(played), matrixOf(played), heardOf(played), failures.join('\n')];
    writeFileSync(file, `${parts.filter((part) => part !== '').join('\n\n')}\n`);
  }
}

/** Step by step and fault by fault: cells that held, of those played. */
function matrixOf(all: readonly Played[]): string {
  const rows = FILL_STEPS.map((step) => [
    `\`${step}\``,
    ...FAULTS.map((fault) => {
      const own = all.filter(({ cell }) => cell.step === step && cell.fault === fault);
      return `${own.filter(({ wrong }) => wrong.length === 0).length}/${own.length}`;
    }),
  ]);
  return tableOf(['step', ...FAULTS], rows);
}

/** What the callers heard whose asks met the fault, and how many loads it took until the retry was answered. */
function heardOf(all: readonly Played[]): string {
  const rows = FAULTS.map((fault) => {
    const own = all.filter(isReport).filter(({ cell }) => cell.fault === fault);
    const loads = own.map((report) => report.loads);
    const range = own.length === 0 ? '' : `${Math.min(...loads)}–${Math.max(...loads)}`;
    return [fault, shown(tally(own.map(({ heard }) => [heard, 1]))), range];
  });
  return tableOf(['fault', 'what the caller heard', 'loads'], rows);
}

function totalsOf(all: readonly Played[]): string {
  const reports = all.filter(isReport);
  const sum = (of: (report: CellReport) => number): number => reports.reduce((total, report) => total + of(report), 0);
  const refused = shown(tally(reports.flatMap(({ seen }) => Object.entries(seen.refused))));
  return [
    `${all.length} cells, of which ${all.filter(({ wrong }) => wrong.length > 0).length} failed.`,
    `Readers read ${sum(({ seen }) => seen.read)} row sets, ${sum(({ seen }) => seen.wrong.length)} of them wrong. They were refused: ${refused}.`,
  ].join('\n');
}

function isReport(played: Played): played is CellReport {
  return 'heard' in played;
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
