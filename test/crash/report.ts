/** docs/crash-matrix.md's table, made of what was seen: which cells were played, what their callers heard, what was read. */
import { FILL_STEPS, type ErrorCode } from '@parqueue/core';
import { FAULTS, nameOf, type Cell, type Fault } from './cells.ts';
import type { CellReport } from './run-cell.ts';

export interface Failure {
  readonly cell: Cell;
  readonly why: string;
}

export interface Played {
  readonly reports: readonly CellReport[];
  readonly failures: readonly Failure[];
}

/** Step by step and fault by fault: cells that held, of those played. */
export function matrixOf({ reports, failures }: Played): string {
  const held = reports.filter(({ wrong }) => wrong.length === 0).map(({ cell }) => cell);
  const played = [...reports.map(({ cell }) => cell), ...failures.map(({ cell }) => cell)];
  const count = (cells: readonly Cell[], step: string, fault: Fault): number =>
    cells.filter((cell) => cell.step === step && cell.fault === fault).length;
  const rows = FILL_STEPS.map((step) => [
    `\`${step}\``,
    ...FAULTS.map((fault) => `${count(held, step, fault)}/${count(played, step, fault)}`),
  ]);
  return tableOf(['step', ...FAULTS], rows);
}

/** What the callers heard whose asks met the fault, and how many loads it took until the retry was answered. */
export function heardOf({ reports }: Played): string {
  const rows = FAULTS.map((fault) => {
    const own = reports.filter(({ cell }) => cell.fault === fault);
    const loads = own.map((report) => report.loads);
    return [fault, tallied(own.map(({ heard }) => heard)), `${Math.min(...loads)}–${Math.max(...loads)}`];
  });
  return tableOf(['fault', 'what the caller heard', 'loads'], rows);
}

export function totalsOf({ reports, failures }: Played): string {
  const read = reports.reduce((sum, { seen }) => sum + seen.read, 0);
  const wrong = reports.reduce((sum, report) => sum + report.seen.wrong.length, 0);
  const refused: Partial<Record<ErrorCode, number>> = {};
  for (const { seen } of reports)
    for (const [code, times] of Object.entries(seen.refused))
      refused[code as ErrorCode] = (refused[code as ErrorCode] ?? 0) + times;
  const times = Object.entries(refused)
    .toSorted(([, a], [, b]) => b - a)
    .map(([code, count]) => `${code} ${count}`);
  const cells = reports.length + failures.length;
  return [
    `${cells} cells, ${cells - reports.filter((report) => report.wrong.length === 0).length} of them failed.`,
    `${read} row sets were read meanwhile, ${wrong} of them wrong; readers were refused ${times.length === 0 ? 'never' : times.join(', ')}.`,
  ].join('\n');
}

export function failuresOf({ reports, failures }: Played): readonly string[] {
  return [
    ...failures.map(({ cell, why }) => `${nameOf(cell)}: ${why}`),
    ...reports.flatMap(({ cell, wrong }) => wrong.map((what) => `${nameOf(cell)}: ${what}`)),
  ];
}

function tallied(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([word, count]) => `${word === 'rows' ? word : `\`${word}\``} ${count}`)
    .join(', ');
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
