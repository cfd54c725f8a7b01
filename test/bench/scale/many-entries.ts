/** A store of many entries, as fills leave them (quick-maker.ts), all parts with the same few bytes: what is measured is what many entries cost afterwards. */
import { createHash } from 'node:crypto';
import { copyFile, readFile, stat, statfs } from 'node:fs/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { newFillId, reconcilePass, type ResolvedRequest } from '@parqueue/core';
import { connectRedis } from '@parqueue/core/redis';
import type { Cluster } from '../cluster.ts';
import { RowThread } from '../row-thread.ts';
import { claimOf, commitOf, headFileOf, manifestOf, type TinyPart } from './entry.ts';
import { openParts, randomId, silent, type ClusterPlace, type OpenParts } from './open-parts.ts';
import { fenceOf, requestOf, type NumberRange } from './quick-maker.ts';

/** As production's UV_THREADPOOL_SIZE has it. */
const STORE_CALLS = 15;
/** Each waits for its own disk; a core runs Redis meanwhile. */
const MAKERS = 2;
/** That a maker makes before it is asked again: between them the bench may be ended. */
const ASKED_AT_ONCE = 2000;
/** Directories of key, staging and generation; part, manifest and head.json. */
const INODES_PER_ENTRY = 6;
/** A block each, and what the directories of the shards and the journal take. */
const BYTES_PER_ENTRY = 26 * 1024;
/** Of what is taken: others write too. */
const ROOM_LEFT = 1.3;

interface Parts extends OpenParts {
  readonly part: TinyPart;
}

export class ManyEntries implements AsyncDisposable {
  readonly #place: ClusterPlace;
  readonly #parts: Parts;
  readonly #redis: ReturnType<typeof connectRedis>;
  #count = 0;

  private constructor(place: ClusterPlace, parts: Parts) {
    this.#place = place;
    this.#parts = parts;
    this.#redis = connectRedis({ url: place.redisUrl }, 'worker');
  }

  /** @param name of a tiny Parquet file that is made in the lake */
  static async open(cluster: Cluster, name: string): Promise<ManyEntries> {
    const place = { folder: cluster.folder, redisUrl: cluster.redis.url };
    const opened = await openParts(place, STORE_CALLS);
    const { reconciler, ticks, parts } = opened.coordination;
    // As a worker begins: gc waits for it, and no key has to be compared by itself afterwards.
    const { directories, reader } = opened.store;
    const { signal } = new AbortController();
    await reconcilePass({ reconciler, ticks, parts, directories, reader, onStep: silent }, { signal });
    return new ManyEntries(place, { ...opened, part: await writePart(cluster.lake(name)) });
  }

  get parts(): Parts {
    return this.#parts;
  }

  get count(): number {
    return this.#count;
  }

  /** Whether the filesystem has room for so many, and some left. */
  async hasRoomFor(count: number): Promise<boolean> {
    const { ffree, files, bavail, bsize } = await statfs(this.#parts.store.root);
    const more = (count - this.#count) * ROOM_LEFT;
    return (files === 0 || ffree > INODES_PER_ENTRY * more) && bavail * bsize > BYTES_PER_ENTRY * more;
  }

  /** The entry of a dataset without parameters, which `growTo` does not count: loaded a moment ago, as for a caller. */
  async makeDataset(name: string): Promise<void> {
    await this.make(this.#parts.catalog.resolveDataset(name, {}).request);
  }

  /** By the ports of store and coordination, step by step. @returns its fence */
  async make(request: ResolvedRequest): Promise<number> {
    const { coordination, store, part } = this.#parts;
    const claim = claimOf(request, newFillId(randomId));
    const fence = fenceOf(await coordination.leases.acquire(claim));
    const staging = await store.writer.stage(request.key, fence, claim.fillId);
    await copyFile(part.path, staging.partPath);
    const { mtimeNs } = await store.writer.seal(staging);
    const ids = { fence, fillId: claim.fillId, storeId: store.storeId };
    const manifest = manifestOf(request, ids, { ...part, mtimeNs });
    await store.writer.describe(staging, manifest);
    await store.writer.publish(staging);
    await coordination.heads.commit(commitOf(manifest, request));
    await store.marks.writeHead(headFileOf(manifest));
    await coordination.leases.release(claim, fence);
    return fence;
  }

  /** The request of one of the many, from 0. */
  request(number: number): ResolvedRequest {
    return requestOf(this.#parts.catalog, number);
  }

  async growTo(count: number, signal: AbortSignal, onMade: (made: number) => void = () => undefined): Promise<void> {
    const entry = new URL('./maker-thread.js', import.meta.url);
    const { part } = this.#parts;
    let [next, made] = [this.#count, this.#count];
    const makeOn = async (): Promise<void> => {
      await using thread = await RowThread.start<NumberRange>(entry, { place: this.#place, part });
      while (next < count) {
        signal.throwIfAborted();
        const range = { first: next, end: Math.min(count, next + ASKED_AT_ONCE) };
        next = range.end;
        made += await thread.do(range);
        onMade(made);
      }
    };
    await Promise.all(Array.from({ length: MAKERS }, makeOn));
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

  async [Symbol.asyncDispose](): Promise<void> {
    this.#redis.disconnect();
    await this.#parts.coordination.close();
  }
}

async function writePart(path: string): Promise<TinyPart> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (SELECT 1::BIGINT AS id) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
  const { size } = await stat(path);
  const sha256 = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  return { path, bytes: size, sha256 };
}
