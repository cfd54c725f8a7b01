/** A root that is moved away and back while files below it are opened. */
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openJailed } from './jail.ts';

let base: string;
let root: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'parqueue-jail-'));
  root = join(base, 'root');
  await mkdir(join(root, 'folder'), { recursive: true });
  await writeFile(join(root, 'folder', 'a.csv'), 'a\n1\n');
});

afterEach(() => rm(base, { recursive: true }));

/** Opens it so many times while something else never stops. @returns the outcomes that were met */
async function met(disturb: () => Promise<void>): Promise<ReadonlySet<string>> {
  let over = false;
  const disturbed = (async () => {
    while (!over) await disturb();
  })();
  const outcomes = new Set<string>();
  for (let time = 0; time < 1000; time += 1) {
    try {
      await using file = await openJailed(root, 'folder/a.csv');
      outcomes.add(file.bytes === 4 ? 'opened' : `${file.bytes} bytes`);
    } catch (error) {
      outcomes.add((error as { code: string }).code);
    }
  }
  over = true;
  await disturbed;
  return outcomes;
}

test('is away or unstable, and no symbolic link is blamed for it', async () => {
  const away = join(base, 'away');
  const outcomes = await met(async () => {
    await rename(root, away);
    await rename(away, root);
  });
  const honest = ['opened', 'PQ_SOURCE_UNAVAILABLE', 'PQ_SOURCE_UNSTABLE', 'PQ_NOT_FOUND'];
  expect([...outcomes].filter((outcome) => !honest.includes(outcome))).toEqual([]);
});

test('a folder that is exchanged for a link that leads out is never opened through it', async () => {
  await mkdir(join(base, 'outside'));
  await writeFile(join(base, 'outside', 'a.csv'), 'secret\n');
  await symlink(join(base, 'outside'), join(root, 'link'));
  const outcomes = await met(async () => {
    await rename(join(root, 'folder'), join(root, 'kept'));
    await rename(join(root, 'link'), join(root, 'folder'));
    await rename(join(root, 'folder'), join(root, 'link'));
    await rename(join(root, 'kept'), join(root, 'folder'));
  });
  const honest = ['opened', 'PQ_SOURCE_REJECTED', 'PQ_SOURCE_UNSTABLE', 'PQ_NOT_FOUND'];
  expect([...outcomes].filter((outcome) => !honest.includes(outcome))).toEqual([]);
});
