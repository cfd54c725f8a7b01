/**
 * Touches the store in a process of its own: a mount whose server is gone blocks whoever asks, for ever and past every
 * signal but the last one. Each step is told before it is done, so that one that never ends has a name.
 */
import { randomBytes } from 'node:crypto';
import { access, mkdir, open, readdir, readFile, rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { toFailure } from '@parqueue/core';
import { readStoreIdentity } from '@parqueue/core/store';
import type { StoreProbe, StoreProbeNews, StoreStep } from './store-probe.ts';

const PROBE_BYTES = 4096;

const [task = '{}'] = process.argv.slice(2);
const { root, samples } = JSON.parse(task) as StoreProbe;

function tell(news: StoreProbeNews): void {
  process.send?.(news);
}

async function step<T>(name: StoreStep, work: () => Promise<T>): Promise<T> {
  tell({ kind: 'begins', step: name });
  const began = performance.now();
  try {
    const result = await work();
    tell({ kind: 'done', step: name, tookMs: performance.now() - began, result });
    return result;
  } catch (error) {
    const { code, message } = toFailure(error);
    const errno = error instanceof Error && 'code' in error ? String(error.code) : code;
    tell({ kind: 'failed', step: name, errno, message });
    throw error;
  }
}

async function writeAndRename(): Promise<null> {
  const folder = join(root, 'trash');
  // A store that no server has opened yet has no trash.
  await mkdir(folder, { recursive: false }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const name = join(folder, `tmp-doctor-${randomBytes(8).toString('hex')}`);
  const bytes = randomBytes(PROBE_BYTES);
  try {
    const file = await open(name, 'wx', 0o600);
    await file.writeFile(bytes);
    await file.sync();
    await file.close();
    await rename(name, `${name}.renamed`);
    const directory = await open(folder, 'r');
    await directory.sync();
    await directory.close();
    if (!(await readFile(`${name}.renamed`)).equals(bytes)) throw new Error('what was read is not what was written');
  } finally {
    await rm(name, { force: true });
    await rm(`${name}.renamed`, { force: true });
  }
  return null;
}

async function look(): Promise<void> {
  await step('reach', async () => {
    await readdir(root);
    return null;
  });
  if (samples === null) return;
  await step('identity', () => readStoreIdentity(root));
  await step('space', async () => {
    const { bavail, blocks, bsize, ffree, files } = await statfs(root);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, freeFiles: ffree, totalFiles: files };
  });
  await step('write', writeAndRename);
  await step('heads', async () => {
    const missing: string[] = [];
    for (const relative of samples) await access(join(root, relative)).catch(() => missing.push(relative));
    return { looked: samples.length, missing };
  });
}

await look().catch(() => undefined);
process.disconnect();
