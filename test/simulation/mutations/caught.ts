/**
 * Where each mutation was caught: found by the long form, kept in caught.json, and played again by every test run. Also
 * the table of it in docs/simulation.md, which is made of nothing else.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../../fixtures/source-graph.ts';
import type { Mutation } from './mutation.ts';

export interface Caught {
  readonly profile: string;
  readonly seed: number;
  readonly steps: number;
  /** What the judge said, without names and numbers of that run. */
  readonly finding: string;
}

const FILE = join(REPOSITORY, 'test/simulation/mutations/caught.json');
const DOCUMENT = join(REPOSITORY, 'docs/simulation.md');
const BEGIN = '<!-- mutations: written by `npm run mutations` -->';
const END = '<!-- end of mutations -->';

export function readCaught(): Readonly<Record<string, Caught>> {
  return JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, Caught>;
}

export function keepCaught(caught: Readonly<Record<string, Caught>>): void {
  writeFileSync(FILE, `${JSON.stringify(caught, null, 2)}\n`);
}

/** Fences, keys, contents and policies are of one run only. */
export function toldAs(finding: string): string {
  const [first = ''] = finding.split('\n');
  const plain = first
    .replaceAll(/\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}/g, '…')
    .replaceAll(/[\w.]+-[0-9a-f]{32}/g, '…')
    .replaceAll(/\bg?\d{2,}\b/g, '…')
    .replaceAll('|', '/');
  return plain.length > 100 ? `${plain.slice(0, 99)}…` : plain;
}

export function tableOf(mutations: readonly Mutation[], caught: Readonly<Record<string, Caught>>): string {
  const rows = mutations.map(({ name, wrong, twin, unseen }) => {
    const inLua = twin === undefined ? '' : 'yes';
    if (unseen !== undefined)
      return `| \`${name}\` | ${wrong} | no schedule: ${unseen.why} | ${unseen.tests.map(linked).join(', ')} | ${inLua} |`;
    const { profile, seed, steps, finding } = caught[name] ?? NOWHERE;
    return `| \`${name}\` | ${wrong} | *${profile}*, seed ${seed}, ${steps} steps | ${finding} | ${inLua} |`;
  });
  return ['| defect | why it is wrong | shown by | as, or in | also in Lua |', '|---|---|---|---|---|', ...rows].join(
    '\n',
  );
}

const NOWHERE: Caught = { profile: 'none', seed: 0, steps: 0, finding: '' };

function linked(file: string): string {
  return `[${file.replace(/^.*\//, '')}](../${file})`;
}

/** @returns what stands between the marks in the document */
export function documentedTable(): string {
  const [, after = ''] = readFileSync(DOCUMENT, 'utf8').split(BEGIN);
  const [table = ''] = after.split(END);
  return table.trim();
}

export function writeDocumentedTable(table: string): void {
  const text = readFileSync(DOCUMENT, 'utf8');
  const [before = '', rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`docs/simulation.md has no place for the table: ${BEGIN} … ${END}`);
  writeFileSync(DOCUMENT, `${before}${BEGIN}\n\n${table}\n\n${END}${after}`);
}
