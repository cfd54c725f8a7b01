/** What doctor finds of a store's filesystem, and that a filesystem which never answers cannot keep it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '@parqueue/core/store';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { probeStore } from './store-probe.ts';

/** Of a step that does not end. */
const HUNG_MS = 4000;
/** Of steps that do, on however busy a machine. */
const LIMIT_MS = 60_000;
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'parqueue-doctor-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

test('a store that works is told step by step, and nothing is left in it', async () => {
  const { storeId } = await openStore({ root, fileMode: 0o640 });
  mkdirSync(join(root, 'entries/00'));
  writeFileSync(join(root, 'entries/00/there'), '');
  const outcomes = await probeStore({ root, samples: ['entries/00/there', 'entries/00/gone'] }, LIMIT_MS);
  expect(outcomes).toMatchObject({
    reach: { kind: 'done' },
    identity: { kind: 'done', result: { storeId, storeFormat: 2 } },
    space: { kind: 'done' },
    write: { kind: 'done' },
    heads: { kind: 'done', result: { looked: 2, missing: ['entries/00/gone'] } },
  });
  expect(readdirSync(join(root, 'trash'))).toEqual([]);
});

test('a root that is not there fails the first step, and the others are not tried', async () => {
  const outcomes = await probeStore({ root: join(root, 'no'), samples: [] }, LIMIT_MS);
  expect(outcomes).toEqual({ reach: { kind: 'failed', errno: 'ENOENT', message: expect.any(String) as string } });
});

test('a file that never answers is told as hung, by its step', async () => {
  // Whoever opens a pipe that nobody writes to waits in the kernel, as on a mount whose server is gone.
  execFileSync('mkfifo', [join(root, 'parqueue.json')]);
  const outcomes = await probeStore({ root, samples: [] }, HUNG_MS);
  expect(outcomes).toEqual({
    reach: expect.objectContaining({ kind: 'done' }) as object,
    identity: { kind: 'hung', limitMs: HUNG_MS },
  });
});
