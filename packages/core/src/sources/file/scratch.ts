/** A private directory for one load. Whatever happens, it is gone afterwards. */
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { placeError } from './disk-error.ts';

export interface Scratch extends AsyncDisposable {
  readonly path: string;
}

export async function makeScratch(parent: string): Promise<Scratch> {
  try {
    await mkdir(parent, { recursive: true, mode: 0o700 });
    const path = await mkdtemp(join(await realpath(parent), 'load-'));
    return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
  } catch (error) {
    throw placeError(error, 'scratch');
  }
}
