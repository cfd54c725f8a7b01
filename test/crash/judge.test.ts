/** What the matrix judges and hurts with: a judge that is blind, or a disk that does not refuse, would let everything pass. */
import { mkdir, mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { Cell } from './cells.ts';
import { FaultyFs } from './faulty-fs.ts';
import { rowsOf, versionIn } from './history.ts';
import { wrongRefusals } from './refusals.ts';

describe('the judge of row sets', () => {
  const rows = rowsOf(5);

  test('knows whose they are, in any order, with names in capitals and numbers as bigints', () => {
    expect(versionIn(rows)).toBe(5);
    const told = rows
      .toReversed()
      .map(({ id, version, word }) => ({ ID: BigInt(id), VERSION: BigInt(version), WORD: word }));
    expect(versionIn(told)).toBe(5);
  });

  test.each([
    ['none at all', []],
    ['one missing', rows.slice(0, -1)],
    ['one too many', [...rows, ...rowsOf(6).slice(-1)]],
    ['one twice instead of another', [...rows.slice(0, -1), ...rows.slice(0, 1)]],
    ['one of another version', [...rows.slice(0, -1), ...rowsOf(4).slice(rows.length - 1, rows.length)]],
    ['one of another version in the middle', rows.map((row, at) => (at === 50 ? { ...row, version: 4 } : row))],
    ['a word of another row', rows.map((row, at) => (at === 50 ? { ...row, word: 'word 5051' } : row))],
    ['a version that is no number', rows.map((row) => ({ ...row, version: null }))],
  ])('says what is wrong where there is %s', (_, told) => {
    expect(versionIn(told)).toMatchObject({ wrong: expect.any(String) });
  });
});

describe('the judge of refusals', () => {
  const cell: Cell = { fault: 'SIGKILL', step: 'staged', source: 'file', readers: 'patient', duration: 'once' };

  test('lets nobody be refused who accepts what was there before, unless Redis was away', () => {
    expect(wrongRefusals(cell, {}, 'PQ_WORKER_CRASHED')).toEqual([]);
    expect(wrongRefusals(cell, { PQ_WORKER_CRASHED: 1 }, null)).toHaveLength(1);
    expect(wrongRefusals({ ...cell, readers: 'strict' }, { PQ_WORKER_CRASHED: 1 }, null)).toEqual([]);
    expect(wrongRefusals({ ...cell, fault: 'Redis killed' }, { PQ_FILL_TIMEOUT: 1 }, null)).toEqual([]);
  });

  test('knows an error that nobody thought of, whoever heard it', () => {
    expect(wrongRefusals(cell, {}, 'PQ_INTERNAL')).toHaveLength(1);
    expect(wrongRefusals({ ...cell, readers: 'strict' }, { PQ_INTERNAL: 1 }, null)).toHaveLength(1);
    expect(wrongRefusals({ ...cell, fault: 'throw' }, {}, 'PQ_INTERNAL')).toEqual([]);
  });
});

describe('a disk that refuses', async () => {
  const base = await mkdtemp(join(tmpdir(), 'parqueue-refusing-'));
  const root = join(base, 'store');
  const struck: string[] = [];
  const disk = await FaultyFs.install(root, (operation) => struck.push(operation));
  await mkdir(root);

  afterEach(() => {
    disk.arm(null);
    struck.length = 0;
  });

  afterAll(() => rm(base, { recursive: true, force: true }));

  test.each([
    ['EIO', -5, 'EIO'],
    ['ENOSPC', -28, 'ENOSPC'],
    ['ESTALE', -116, 'Unknown system error -116'],
  ] as const)('says %s as Node does, as often as it is told, and then works', async (errno, number, code) => {
    disk.arm({ errno, times: 2 });
    for (let time = 1; time <= 2; time += 1)
      await expect(mkdir(join(root, 'a'))).rejects.toMatchObject({ errno: number, code, syscall: 'mkdir' });
    await mkdir(join(root, 'a'));
    await rm(join(root, 'a'), { recursive: true });
    expect(struck).toEqual(['mkdir', 'mkdir']);
  });

  test('refuses what is done with a file that was open before', async () => {
    const file = await open(join(root, 'open'), 'w');
    disk.arm({ errno: 'EIO', times: null });
    await expect(file.write('x')).rejects.toMatchObject({ code: 'EIO' });
    await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' });
    await file.close();
  });

  test('a full one lets read, and refuses what takes room', async () => {
    await writeFile(join(root, 'kept'), 'kept');
    disk.arm({ errno: 'ENOSPC', times: null });
    expect(await readFile(join(root, 'kept'), 'utf8')).toBe('kept');
    await expect(open(join(root, 'new'), 'wx')).rejects.toMatchObject({ code: 'ENOSPC' });
    await expect(rename(join(root, 'kept'), join(root, 'moved'))).rejects.toMatchObject({ code: 'ENOSPC' });
  });

  test('leaves everything else alone', async () => {
    disk.arm({ errno: 'EIO', times: null });
    await writeFile(join(base, 'beside'), 'beside');
    expect(await readFile(join(base, 'beside'), 'utf8')).toBe('beside');
    expect(struck).toEqual([]);
  });
});
