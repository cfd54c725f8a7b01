import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withPart } from '../fixtures/marked-part.ts';
import { documentOf, marksOf, merged, SUMMARY, writeDocument } from './document.ts';
import type { Played } from './played.ts';
import { ROOT } from './root.ts';

const ORDER = ['first', 'second', 'third'];

function playedAt(name: string, beganAt: string, value = 1): Played {
  return {
    name,
    title: `The ${name}`,
    about: `About ${name}.`,
    scale: 'short',
    beganAt,
    seconds: 1,
    busy: 0,
    machine: { hardware: 'Some', filesystem: 'ext4', node: '20', versions: {} },
    findings: {
      measures: [{ name: 'Parqueue', role: 'ours', value, unit: 'ms' }],
      figures: { value },
      notes: [],
      plots: [
        {
          name,
          title: name,
          kind: 'bars',
          xLabel: '',
          yLabel: 'ms',
          series: [{ name: '', points: [{ x: 'a', y: value }] }],
        },
      ],
    },
    goals: [{ text: 'fast', reached: true }],
  };
}

const EMPTY = `# Performance\n\n${SUMMARY.begin}\n\nold\n\n${SUMMARY.end}\n\n## second\n\n${marksOf('second').begin}\n\nold\n\n${marksOf('second').end}\n\nWritten by hand.\n`;

test('a run of some sections replaces those, and leaves the others as they were', () => {
  const kept = [playedAt('first', 'then', 1), playedAt('gone', 'then'), playedAt('third', 'then', 3)];
  const all = merged(kept, [playedAt('third', 'now', 4), playedAt('second', 'now', 2)], ORDER);
  expect(all.map(({ name, beganAt, findings }) => [name, beganAt, findings.figures['value']])).toEqual([
    ['first', 'then', 1],
    ['second', 'now', 2],
    ['third', 'now', 4],
  ]);
});

test('what people wrote stays, and a section without a place gets one at the end', () => {
  const all = [playedAt('second', '2026-11-22T23:40:10.000Z'), playedAt('third', '2026-11-22T23:50:10.000Z')];
  const text = documentOf(EMPTY, all);
  expect(text).not.toContain('old');
  expect(text).toContain('Written by hand.');
  expect(text.indexOf('Written by hand.')).toBeLessThan(text.indexOf('## third'));
  expect(documentOf(text, all)).toBe(text);
});

test('a document without a place for the summary is an error', () => {
  expect(() => documentOf('# Performance\n', [])).toThrow('no place for the summary');
});

test('two runs, one after the other, write figures, document and plots', async () => {
  const docs = await mkdtemp(join(tmpdir(), 'parqueue-bench-document-'));
  try {
    await writeFile(join(docs, 'performance.md'), EMPTY);
    expect(writeDocument(docs, [playedAt('first', '2026-11-22T01:00:00Z')], ORDER)).toEqual([
      'performance.json',
      'performance.md',
      'images/bench-first.svg',
    ]);
    writeDocument(docs, [playedAt('second', '2026-11-22T02:00:00Z')], ORDER);
    const text = await readFile(join(docs, 'performance.md'), 'utf8');
    expect(text).toContain('Measured 2026-11-22 01:00 UTC');
    expect(text).toContain('Measured 2026-11-22 02:00 UTC');
    const figures = JSON.parse(await readFile(join(docs, 'performance.json'), 'utf8')) as Played[];
    expect(figures.map(({ name }) => name)).toEqual(['first', 'second']);
    expect(await readdir(join(docs, 'images'))).toEqual(['bench-first.svg', 'bench-second.svg']);
  } finally {
    await rm(docs, { recursive: true, force: true });
  }
});

test.each([
  ['no mark', 'text'],
  ['no end', '<a>text'],
  ['the end first', '</a>text<a>'],
])('a place with %s is none', (_, text) => {
  expect(withPart(text, { begin: '<a>', end: '</a>' }, 'new')).toBeNull();
});

test('a part may have anything in it', () => {
  expect(withPart('1<a>old</a>2', { begin: '<a>', end: '</a>' }, "$& $' $1")).toBe("1<a>\n\n$& $' $1\n\n</a>2");
});

test("the repository's own document has its figures between its marks", async () => {
  const text = await readFile(join(ROOT, 'docs/performance.md'), 'utf8');
  const all = JSON.parse(await readFile(join(ROOT, 'docs/performance.json'), 'utf8')) as Played[];
  expect(all.length === 0 ? text : documentOf(text, all)).toBe(text);
  await mkdir(join(ROOT, 'docs/images'), { recursive: true });
  const images = await readdir(join(ROOT, 'docs/images'));
  const plots = all.flatMap(({ findings }) => findings.plots ?? []).map(({ name }) => `bench-${name}.svg`);
  expect(images.filter((name) => name.startsWith('bench-'))).toEqual(plots.toSorted());
});
