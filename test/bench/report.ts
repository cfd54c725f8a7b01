/** What was found, as tables: on a terminal, and in Markdown for docs/performance.md. */
import { machineLine } from './machine.ts';
import { shown, shownRange, shownRatio } from './numbers.ts';
import type { Judged, Played } from './played.ts';
import type { Measure, Plot, Ratio } from './section.ts';

const ROLES = { ours: 'Parqueue', floor: 'floor', peer: 'peer' } as const;
const MEASURES = ['', 'is', 'median', 'spread', 'CPU', 'rounds'];
const RATIOS = ['of', 'to', 'median', 'spread', 'rounds'];

type Rows = readonly (readonly string[])[];

function measureRows(measures: readonly Measure[]): Rows {
  return measures.map(({ name, role, value, unit, min, max, cpu, rounds }) => [
    name,
    ROLES[role],
    `${shown(value)} ${unit}`,
    shownRange(min, max),
    cpu === undefined ? '' : `${shown(cpu.value)} ${cpu.unit}`,
    rounds === undefined ? '' : String(rounds),
  ]);
}

function ratioRows(ratios: readonly Ratio[]): Rows {
  return ratios.map(({ ours, over, median, min, max, rounds }) => [
    ours,
    over,
    shownRatio(median),
    shownRange(min, max, shownRatio),
    String(rounds),
  ]);
}

/** For the terminal. */
export function reportOf(played: Played): string {
  const { measures, ratios = [], notes } = played.findings;
  return [
    `${played.title} (${played.name}, ${played.scale}, ${Math.round(played.seconds)} s)`,
    ...aligned(MEASURES, measureRows(measures)),
    ...(ratios.length === 0 ? [] : ['', ...aligned(RATIOS, ratioRows(ratios))]),
    ...(notes.length === 0 ? [] : ['', ...notes.map((note) => `  ${note}`)]),
    '',
    ...played.goals.map(({ text, reached }) => `  ${toldGoal(reached)}: ${text}`),
  ].join('\n');
}

export function toldGoal(reached: Judged['reached']): string {
  return reached === null ? 'not measured' : reached ? 'reached' : 'missed';
}

/** Columns side by side, those of numbers to the right; columns without anything are left out. */
export function aligned(head: readonly string[], rows: Rows): readonly string[] {
  const kept = filledColumns(head, rows);
  const lines = [head, ...rows].map((row) => kept.map((at) => row[at] ?? ''));
  const widths = kept.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines.map((line) => {
    const cells = line.map((cell, at) => {
      const width = widths[at] ?? 0;
      return isNumeric(rows, kept[at] ?? 0) ? cell.padStart(width) : cell.padEnd(width);
    });
    return `  ${cells.join('  ').trimEnd()}`;
  });
}

function filledColumns(head: readonly string[], rows: Rows): readonly number[] {
  return head.map((_, at) => at).filter((at) => rows.some((row) => row[at] !== ''));
}

function isNumeric(rows: Rows, column: number): boolean {
  return rows.every((row) => /^(-?\d|$)/.test(row[column] ?? ''));
}

function markdownTable(head: readonly string[], rows: Rows): string {
  const kept = filledColumns(head, rows);
  const line = (cells: readonly string[]): string =>
    `| ${kept.map((at) => (cells[at] ?? '').replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = `|${kept.map((at) => (isNumeric(rows, at) ? '--:|' : '---|')).join('')}`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** All that docs/performance.md says of a section by itself. @param machines those of the document, in its order */
export function sectionMarkdown(played: Played, machines: readonly string[]): string {
  const { measures, ratios = [], notes, plots = [] } = played.findings;
  const machine = machines.length < 2 ? '' : `, on ${letterOf(machines.indexOf(machineLine(played.machine)))}`;
  const when = `${played.beganAt.slice(0, 10)} ${played.beganAt.slice(11, 16)} UTC`;
  const goals = played.goals.map(({ text, reached }) => `- ${toldGoal(reached)}: ${text}`);
  const busy = `${Math.round(played.busy * 100)} % of the processors were busy with something else before it.`;
  return [
    played.about,
    `Measured ${when}${machine}, ${played.scale} form. ${busy}`,
    markdownTable(MEASURES, measureRows(measures)),
    ...(ratios.length === 0 ? [] : [markdownTable(RATIOS, ratioRows(ratios))]),
    ...(goals.length === 0 ? [] : [goals.join('\n')]),
    ...(notes.length === 0 ? [] : [notes.map((note) => `- ${note}`).join('\n')]),
    ...plots.map((plot) => `![${plot.title}](images/${plotFile(plot)})`),
  ].join('\n\n');
}

/** In docs/images. */
export function plotFile({ name }: Plot): string {
  return `bench-${name}.svg`;
}

/** All goals at a glance, and the machines. @param all in the order of the document */
export function summaryMarkdown(all: readonly Played[], machines: readonly string[]): string {
  if (all.length === 0) return 'Nothing was measured yet.';
  const rows = all.flatMap(({ name, title, goals }) =>
    goals.map(({ text, reached }) => [`[${title}](#${name})`, text, toldGoal(reached)]),
  );
  const told = machines.map((machine, at) => (machines.length < 2 ? machine : `${letterOf(at)}: ${machine}`));
  const versions = Object.entries(Object.assign({}, ...all.map(({ machine }) => machine.versions)) as object);
  const peers = versions.map(([name, version]) => `${name} ${String(version)}`).join(', ');
  return [
    markdownTable(['section', 'goal', ''], rows),
    `${machines.length < 2 ? 'Machine' : 'Machines'}: ${told.join('; ')}.`,
    ...(peers === '' ? [] : [`With ${peers}.`]),
  ].join('\n\n');
}

/** Each once, in the order in which they come. */
export function machinesOf(all: readonly Played[]): readonly string[] {
  return [...new Set(all.map(({ machine }) => machineLine(machine)))];
}

function letterOf(at: number): string {
  return String.fromCodePoint(65 + at);
}
