/** Store, coordination and catalogue of a cluster, in whichever thread they are wanted. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Epochs, type Clock, type OnStep } from '@parqueue/core';
import { Catalog, loadConfig, storeRules } from '@parqueue/core/config';
import { openCoordination, type Coordination } from '@parqueue/core/redis';
import { nodeFiles, openStore, StoreCalls, type FileStore } from '@parqueue/core/store';

export const clock: Clock = { now: () => Date.now(), sleep: (ms, signal) => sleep(ms, undefined, { signal }) };
export const randomId = (): string => randomBytes(16).toString('hex');
export const silent: OnStep = () => undefined;

/** Where a cluster is, as a thread is told. */
export interface ClusterPlace {
  readonly folder: string;
  readonly redisUrl: string;
}

export interface OpenParts {
  readonly store: FileStore;
  readonly coordination: Coordination;
  readonly epochs: Epochs;
  readonly catalog: Catalog;
  readonly rules: ReturnType<typeof storeRules>;
}

/** In the epoch that there is, or the first. @param callsAtOnce into the filesystem */
export async function openParts({ folder, redisUrl }: ClusterPlace, callsAtOnce: number): Promise<OpenParts> {
  const path = join(folder, 'parqueue.yaml');
  const config = loadConfig(await readFile(path, 'utf8'), { path, env: {}, readFile: () => '' });
  const calls = new StoreCalls({ max: callsAtOnce });
  const store = await openStore({ ...config.store, calls, files: nodeFiles });
  const coordination = await openCoordination({ url: redisUrl, storeId: store.storeId, clock, randomId });
  const { register } = coordination;
  const epochs = new Epochs({ register, store: store.epochs, clock, randomId, onStep: silent });
  await epochs.open();
  return { store, coordination, epochs, catalog: new Catalog(config), rules: storeRules(config) };
}
