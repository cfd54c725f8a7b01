/**
 * docs/performance.json, which keeps what was measured last of each section, and what docs/performance.md has of it: a summary and a part
 * for each section between marks, and the plots. A run of some sections replaces those and leaves the others with their date.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withPart, type Marks } from '../fixtures/marked-part.ts';
import type { Played } from './played.ts';
import { svgOf } from './plot.ts';
import { machinesOf, plotFile, sectionMarkdown, summaryMarkdown } from './report.ts';

export const SUMMARY: Marks = marksOf('summary');

export function marksOf(name: string): Marks {
  return { begin: `<!-- ${name}: written by \`npm run bench -- --write\` -->`, end: `<!-- end of ${name} -->` };
}

/** Those just played instead of what was kept of them, in this order; of sections that are no more nothing is kept. */
export function merged(
  kept: readonly Played[],
  played: readonly Played[],
  order: readonly string[],
): readonly Played[] {
  const byName = new Map([...kept, ...played].map((one) => [one.name, one]));
  return order.flatMap((name) => byName.get(name) ?? []);
}

/** @returns the document with all parts; a section without a place gets one at the end */
export function documentOf(text: string, all: readonly Played[]): string {
  const machines = machinesOf(all);
  const summed = withPart(text, SUMMARY, summaryMarkdown(all, machines));
  if (summed === null)
    throw new Error(`docs/performance.md has no place for the summary: ${SUMMARY.begin} … ${SUMMARY.end}`);
  return all.reduce((document, played) => {
    const marks = marksOf(played.name);
    const part = sectionMarkdown(played, machines);
    const placed = `${document.trimEnd()}\n\n## ${played.name}\n\n${marks.begin}\n\n${marks.end}\n`;
    return withPart(document, marks, part) ?? withPart(placed, marks, part) ?? document;
  }, summed);
}

/** @param docs the folder; @returns what was written, below it */
export function writeDocument(docs: string, played: readonly Played[], order: readonly string[]): readonly string[] {
  const figures = join(docs, 'performance.json');
  const document = join(docs, 'performance.md');
  const kept = existsSync(figures) ? (JSON.parse(readFileSync(figures, 'utf8')) as Played[]) : [];
  const all = merged(kept, played, order);
  const text = documentOf(readFileSync(document, 'utf8'), all);
  const plots = played.flatMap(({ findings }) => findings.plots ?? []);
  mkdirSync(join(docs, 'images'), { recursive: true });
  for (const plot of plots) writeFileSync(join(docs, 'images', plotFile(plot)), svgOf(plot));
  writeFileSync(figures, `${JSON.stringify(all, null, 2)}\n`);
  writeFileSync(document, text);
  return ['performance.json', 'performance.md', ...plots.map((plot) => `images/${plotFile(plot)}`)];
}
