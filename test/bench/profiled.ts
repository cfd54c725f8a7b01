/** `--profile`: each process of the bench that runs Node writes where its time went, when it ends in good order. */
import { mkdirSync } from 'node:fs';

/** Inherited by those that are started. */
const FOLDER = 'PARQUEUE_BENCH_PROFILES';

export function profileInto(folder: string): void {
  mkdirSync(folder, { recursive: true });
  process.env[FOLDER] = folder;
}

/** Options of node. @param name of the process, for the file */
export function profiled(name: string): readonly string[] {
  const folder = process.env[FOLDER];
  if (folder === undefined) return [];
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${name}-${Date.now()}.cpuprofile`];
}
