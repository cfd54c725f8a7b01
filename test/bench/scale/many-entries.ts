/**
 * A store of many entries, made by the product's own ports as a fill makes each: lease, staging, part, manifest, publish, commit,
 * head.json. Only fsync and chmod are left out, and all parts have the same few bytes: what is measured is what many entries cost afterwards.
 */
import { createHash, randomBytes } from 'node:crypto';
import { copyFile, readFile, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import {
  Epochs,
  MANIFEST_FORMAT,
  PART_NAME,
  reconcilePass,
  type Clock,
  type Manifest,
  type OnStep,
  type ResolvedRequest,
} from '@parqueue/core';
import { Catalog, loadConfig, storeRules } from '@parqueue/core/config';
import { connectRedis, openCoordination, type Coordination } from '@parqueue/core/redis';
import { nodeFiles, openStore, StoreCalls, type Files, type FileStore } from '@parqueue/core/store';
import type { Cluster } from '../cluster.ts';

const AT_ONCE = 16;
/** Directories of key, staging and generation; part, manifest and head.json. */
const INODES_PER_ENTRY = 6;
const BYTES_PER_ENTRY = 32 * 1024;

export const clock: Clock = { now: () => Date.now(), sleep: (ms, signal) => sleep(ms, undefined, { signal }) };
export const randomId = (): string => randomBytes(16).toString('hex');
export const silent: OnStep = () => undefined;

const nothing = async (): Promise<void> => {};

/** What nobody needs who will throw all of it away: fsync, and whatever of the mode the umask took. */
const withoutSync: Files = {
  ...nodeFiles,
  open: async (...told) => ({ ...(await nodeFiles.open(...told)), chmod: nothing, sync: nothing }),
};

interface Parts {
  readonly cluster: Cluster;
  readonly store: FileStore;
  readonly quick: FileStore;
  readonly coordination: Coordination;
  readonly epochs: Epochs;
  readonly catalog: Catalog;
  readonly rules: ReturnType<typeof storeRules>;
  readonly part: { readonly path: string; readonly bytes: number; readonly sha256: string };
}

export class ManyEntries implements AsyncDisposable {
  readonly #parts: Parts;
  readonly #redis: ReturnType<typeof connectRedis>;
  #count = 0;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.#redis = connectRedis({ url: parts.cluster.redis.url }, 'worker');
  }

  /** @param name of a tiny Parquet file that is made in the lake */
  static async open(cluster: Cluster, name: string): Promise<ManyEntries> {
    const path = join(cluster.folder, 'parqueue.yaml');
    const config = loadConfig(await readFile(path, 'utf8'), { path, env: {}, readFile: () => '' });
    const calls = new StoreCalls({ max: AT_ONCE });
    const store = await openStore({ ...config.store, calls });
    const quick = await openStore({ ...config.store, calls, files: withoutSync });
    const { storeId } = store;
    const coordination = await openCoordination({ url: cluster.redis.url, storeId, clock, randomId });
    const { register, reconciler, ticks, parts } = coordination;
    const epochs = new Epochs({ register, store: store.epochs, clock, randomId, onStep: silent });
    await epochs.open();
    // As a worker begins: gc waits for it, and no key has to be compared by itself afterwards.
    const { directories, reader, marks } = store;
    const { signal } = new AbortController();
    await reconcilePass({ reconciler, ticks, parts, directories, reader, marks, onStep: silent }, { signal });
    const part = await writePart(cluster.lake(name));
    const rules = storeRules(config);
    const catalog = new Catalog(config);
    return new ManyEntries({ cluster, store, quick, coordination, epochs, catalog, rules, part });
  }

  get parts(): Parts {
    return this.#parts;
  }

  get count(): number {
    return this.#count;
  }

  /** Whether the filesystem has room for so many, with as much left again. */
  async hasRoomFor(count: number): Promise<boolean> {
    const { ffree, files, bavail, bsize } = await statfs(this.#parts.store.root);
    const more = count - this.#count;
    return (files === 0 || ffree > 2 * INODES_PER_ENTRY * more) && bavail * bsize > 2 * BYTES_PER_ENTRY * more;
  }

  /** The entry of a dataset without parameters, which `growTo` does not count: loaded a moment ago, as for a caller. */
  async makeDataset(name: string): Promise<void> {
    await this.#make(this.#parts.catalog.resolveDataset(name, {}).request);
  }

  async growTo(count: number, signal: AbortSignal): Promise<void> {
    const { catalog } = this.#parts;
    let next = this.#count;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (next < count) {
          signal.throwIfAborted();
          next += 1;
          await this.#make(catalog.resolveAdhoc({ source: 'lake', path: `many/${next}.parquet` }).request);
        }
      }),
    );
    this.#count = count;
  }

  /** Without what is held for connections and scripts, and the stream of changes, which has the last 10,000 whatever there is. */
  async redisBytes(): Promise<number> {
    const info = await this.#redis.info('memory');
    const field = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
    const changes = await this.#redis.memory('USAGE', '{pq}:changes', 'SAMPLES', 0);
    const others = ['mem_clients_normal', 'mem_aof_buffer', 'used_memory_scripts_eval'].map(field);
    return field('used_memory') - others.reduce((sum, bytes) => sum + bytes, changes ?? 0);
  }

  async #make(request: ResolvedRequest): Promise<void> {
    const { coordination, quick, part } = this.#parts;
    const { key, scopes } = request;
    const claim = { key, fillId: randomId(), holder: 'bench', ttlMs: 600_000, scopes };
    const grant = await coordination.leases.acquire(claim);
    if (grant.kind !== 'granted') throw new Error(`no lease for ${key}: ${grant.kind}`);
    const { fence } = grant;
    const staging = await quick.writer.stage(key, fence, claim.fillId);
    await copyFile(part.path, staging.partPath);
    const { bytes, mtimeNs } = await quick.writer.seal(staging);
    const manifest = manifestOf(request, { fence, fillId: claim.fillId, storeId: quick.storeId });
    const whole: Manifest = { ...manifest, part: { name: PART_NAME, bytes, rows: 1, sha256: part.sha256, mtimeNs } };
    await quick.writer.describe(staging, whole);
    await quick.writer.publish(staging);
    const { version, consistency, source, dataset, startedAtMs } = whole;
    const told = { version, consistency, source, dataset, startedAtMs, bytes, rows: 1, sha256: part.sha256 };
    await coordination.heads.commit({ key, scopes, fence, fillId: claim.fillId, ...told });
    const head = { key, fence, version, sha256: part.sha256, verified: fence, verifiedAtMs: startedAtMs };
    await quick.marks.writeHead(head);
    await coordination.leases.release(claim, fence);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#redis.disconnect();
    await this.#parts.coordination.close();
  }
}

function manifestOf(
  { key, canonical, source, dataset }: ResolvedRequest,
  ids: { readonly fence: number; readonly fillId: string; readonly storeId: string },
): Omit<Manifest, 'part'> {
  return {
    manifestFormat: MANIFEST_FORMAT,
    ...ids,
    key,
    version: `checksum:sha256:${createHash('sha256').update(key).digest('hex')}`,
    consistency: 'exact',
    dataset,
    source,
    request: canonical,
    columns: [{ name: 'id', sourceType: 'parquet:int64', type: 'int64', nullable: true }],
    sourceDetails: { method: 'copy' },
    startedAtMs: clock.now(),
    sealedAtMs: clock.now(),
    host: 'bench',
    writer: 'bench',
  };
}

async function writePart(path: string): Promise<Parts['part']> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (SELECT 1::BIGINT AS id) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
  const { size } = await stat(path);
  return {
    path,
    bytes: size,
    sha256: createHash('sha256')
      .update(await readFile(path))
      .digest('hex'),
  };
}
