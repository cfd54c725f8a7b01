/**
 * docs/fault-model.md is what a sceptic reads first, so a machine reads it too: what a row names as its evidence exists, in the
 * words that are quoted; each fault that the crash matrix, the simulation and the chaos swarm know has a row; and a row without
 * evidence says so.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { REPOSITORY } from './fixtures/source-graph.ts';

const text = (path: string): string => readFileSync(join(REPOSITORY, path), 'utf8');
const MODEL = text('docs/fault-model.md');

interface Row {
  readonly id: string;
  readonly cells: readonly string[];
  readonly evidence: string;
}

const rows: readonly Row[] = MODEL.split('\n').flatMap((line) => {
  const [, id, ...cells] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
  return id !== undefined && /^[A-Z]\d+$/.test(id) ? [{ id, cells, evidence: cells.at(-2) ?? '' }] : [];
});
const survived = rows.filter(({ id }) => !id.startsWith('X'));

/** What the model takes from each of the three: `crash *throw*, *SIGKILL*`. */
function named(kind: 'crash' | 'simulation' | 'chaos'): readonly string[] {
  const lists = survived.flatMap(({ evidence }) => [
    ...evidence.matchAll(new RegExp(`\\b${kind} (\\*[^*]+\\*(?:, \\*[^*]+\\*)*)`, 'g')),
  ]);
  return lists.flatMap(([, list = '']) => [...list.matchAll(/\*([^*]+)\*/g)].map(([, name]) => name ?? ''));
}

/** Between `opening` and `closing` of a file, all that is quoted. */
function quoted(path: string, opening: string, closing: string): readonly string[] {
  const code = text(path);
  const from = code.indexOf(opening);
  expect(from, `${opening} in ${path}`).toBeGreaterThanOrEqual(0);
  const part = code.slice(from, code.indexOf(closing, from)).replaceAll(/\/\*[\s\S]*?\*\//g, '');
  return [...part.matchAll(/'([^']+)'/g)].map(([, name]) => name ?? '');
}

describe('a row', () => {
  test('is known by a letter and a number, each once and in order', () => {
    expect(rows.length).toBeGreaterThan(60);
    for (const letter of new Set(rows.map(({ id }) => id.charAt(0)))) {
      const ids = rows.map(({ id }) => id).filter((id) => id.startsWith(letter));
      expect(ids).toEqual(ids.map((_, at) => `${letter}${at + 1}`));
    }
  });

  test('says what must hold, by what, and what shows it', () => {
    expect(survived.filter(({ cells }) => cells.length !== 5 || cells.slice(0, -1).includes(''))).toEqual([]);
    const bare = survived.filter(({ evidence }) => !/“|\*[^*]+\*|\bnot shown\b/i.test(evidence));
    expect(bare.map(({ id }) => id)).toEqual([]);
  });

  test('names evidence that exists, in its own words', () => {
    const missing = rows.flatMap(({ id, cells }) =>
      cells.flatMap((cell) =>
        evidenceOf(cell).flatMap(({ path, words }) =>
          existsSync(join(REPOSITORY, path)) && text(path).includes(words) ? [] : [`${id}: ${path} “${words}”`],
        ),
      ),
    );
    expect(missing).toEqual([]);
  });

  test('names code that exists', () => {
    const missing = survived.flatMap(({ id, cells }) =>
      [...(cells[2] ?? '').matchAll(/`([^`]+)`/g)]
        .map(([, path]) => path ?? '')
        .filter((path) => path !== 'faults.ts' && !isCode(path))
        .map((path) => `${id}: ${path}`),
    );
    expect(missing).toEqual([]);
  });

  test('names invariants that there are, and every invariant is in one', () => {
    const defined = [...text('ARCHITECTURE.md').matchAll(/^\| (I\d+) \|/gm)].map(([, id]) => id ?? '');
    const used = new Set(
      survived.flatMap(({ cells }) => [...(cells[1] ?? '').matchAll(/\bI\d+\b/g)].map(([id]) => id)),
    );
    expect([...used].filter((id) => !defined.includes(id))).toEqual([]);
    expect(defined.filter((id) => !used.has(id))).toEqual([]);
  });
});

describe('every fault has a row', () => {
  test('of the crash matrix, and every step at which it strikes', () => {
    const faults = quoted('test/crash/cells.ts', 'export const FAULTS', '] as const');
    const steps = quoted('packages/core/src/ports/steps.ts', 'export const FILL_STEPS', '] as const');
    expect(difference([...faults, ...steps], named('crash'))).toEqual(NONE);
  });

  test('of the simulation: each deed and each chance; what else is named is a profile', () => {
    const deeds = quoted('test/simulation/profile.ts', 'export type Deed', ';\n');
    const chances = [...text('test/simulation/world.ts').matchAll(/^ {2}readonly (\w+): number;$/gm)]
      .map(([, name]) => name ?? '')
      .filter((name) => new RegExp(`CALM: Faults = \\{[^}]*\\b${name}\\b`).test(text('test/simulation/world.ts')));
    expect(chances.length).toBeGreaterThan(3);
    const profiles = [...text('test/simulation/profiles.ts').matchAll(/^ {4}name: '([^']+)'/gm)].map(
      ([, name]) => name ?? '',
    );
    expect(difference([...deeds, ...chances], named('simulation'), profiles)).toEqual(NONE);
  });

  test('of the chaos swarm', () => {
    expect(difference(quoted('test/chaos/deeds.ts', 'export const DEED_KINDS', '] as const'), named('chaos'))).toEqual(
      NONE,
    );
  });
});

const NONE = { withoutRow: [], unknown: [] };

function difference(
  there: readonly string[],
  inModel: readonly string[],
  allowed: readonly string[] = [],
): { readonly withoutRow: readonly string[]; readonly unknown: readonly string[] } {
  expect(there.length).toBeGreaterThan(3);
  return {
    withoutRow: there.filter((name) => !inModel.includes(name)),
    unknown: inModel.filter((name) => !there.includes(name) && !allowed.includes(name)),
  };
}

/** `path` “words”, “words”; `path` “words” */
function evidenceOf(cell: string): readonly { readonly path: string; readonly words: string }[] {
  let path = '';
  return [...cell.matchAll(/`([^`]+)`|“([^”]+)”/g)].flatMap(([, code, words]) => {
    if (code !== undefined) path = code;
    return words === undefined ? [] : [{ path, words }];
  });
}

function isCode(path: string): boolean {
  if (path.endsWith('.lua')) return existsSync(join(REPOSITORY, 'packages/core/lua', path));
  return [path, join('packages/core/src', path)].some((place) => existsSync(join(REPOSITORY, place)));
}
