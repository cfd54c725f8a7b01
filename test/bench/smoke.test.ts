/** Every section of the bench in its tiny form: it comes to its figures, and leaves nothing behind. Not one of them is judged by a time here. */
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { playSection } from './play.ts';
import { judge } from './played.ts';
import { reportOf } from './report.ts';
import { SECTIONS } from './sections/index.ts';

const machine = { hardware: 'of the test', filesystem: 'any', node: process.versions.node, versions: {} };

test.each(SECTIONS)('section $name comes to its figures', async (section) => {
  const { name, title, about } = section;
  const told: string[] = [];
  const { signal } = new AbortController();
  const outcome = await playSection(name, { scale: 'tiny', signal, onProgress: (text) => told.push(text) });
  expect(outcome, told.join('\n')).toMatchObject({ kind: 'found' });
  if (outcome.kind !== 'found') return;
  const { findings } = outcome;
  expect(Object.keys(findings.figures)).not.toEqual([]);
  const goals = judge(section, findings);
  const played = {
    name,
    title,
    about,
    scale: 'tiny',
    beganAt: '',
    seconds: 0,
    busy: 0,
    machine,
    findings,
    goals,
  } as const;
  expect(reportOf(played)).toContain(name);
  expect(await leftovers(name)).toEqual([]);
});

test('a section that is ended before its time has removed what it wrote', async () => {
  const ended = new AbortController();
  const name = SECTIONS[0]?.name ?? '';
  const onProgress = (): void => ended.abort(new Error('enough'));
  const outcome = await playSection(name, { scale: 'short', signal: ended.signal, onProgress });
  expect(outcome).toEqual({ kind: 'ended' });
  expect(await leftovers(name)).toEqual([]);
});

async function leftovers(name: string): Promise<readonly string[]> {
  return (await readdir(tmpdir())).filter((entry) => entry.startsWith(`parqueue-bench-${name}-`));
}
