/**
 * The process under test inside a guest of the lab: one store on the NFS mount, one connection to Redis, and the deeds a
 * test asks of them. Deeds come as files in a mailbox that host and guest share and are begun in their order, so that the
 * process, its open files and the caches of its kernel live through a whole story.
 *
 *   node guest-agent.js MAILBOX REDIS_URL STORE_ROOT
 */
import { createHash, randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { existsSync, fstatSync, openSync, readFileSync, readSync, renameSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import {
  collectGarbage,
  DEFAULT_PARQUET,
  Epochs,
  isParqueueError,
  shardOf,
  type Clock,
  type Manifest,
} from '@parqueue/core';
import { openCoordination } from '@parqueue/core/redis';
import { openStore } from '@parqueue/core/store';
import { openFileStoreSubject, type FileStoreSubject } from '@parqueue/core/testing';

export interface Ref {
  readonly key: string;
  readonly fence: number;
}

/** What came of reading a file: its text, or the number of the error. */
export type Reading = { readonly text: string } | { readonly errno: number };

/** What a test may ask, and what it is answered. JSON-safe. */
export interface Deeds {
  /** A whole load of a key, published on the store and committed. */
  fill(wish: { readonly key: string; readonly text: string }): Promise<Ref>;
  head(key: string): Promise<number | null>;
  pin(wish: Ref & { readonly ttlMs: number }): Promise<string | null>;
  unpin(pin: { readonly key: string; readonly id: string }): Promise<void>;
  /** Of one key, without a grace: going through all shards takes a guest ten seconds. @returns generations removed */
  gc(key: string): Promise<number>;
  inspect(ref: Ref): Promise<string>;
  /** By the path reader's own means: open, read to the end. */
  readPath(path: string): Promise<Reading>;
  hold(path: string): Promise<number>;
  readHeld(held: number): Promise<Reading>;
  /** By the API's means: the store looks afresh where a handle went stale. Null: gone. */
  readPart(ref: Ref): Promise<string | null>;
  partPath(ref: Ref): Promise<string>;
  /** Removes a generation as somebody does who asks nobody for leave. */
  remove(ref: Ref): Promise<void>;
  /** The full check of everything that is published and staged under a key. */
  verify(key: string): Promise<{ readonly judged: Readonly<Record<number, string>>; readonly staged: number }>;
  /** Twenty calls at once to a store that has three threads and loses its patience after five seconds. */
  rush(): Promise<Rush>;
  /** One method of a bare store of the contract suite, in a root of its own. */
  contract(call: ContractCall): Promise<unknown>;
}

export interface Rush {
  /** How many ended how: `ok`, or code and errno of the error. */
  readonly ended: Readonly<Record<string, number>>;
  readonly stuck: number;
}

export interface ContractCall {
  readonly root: string;
  /** What of the store; null: the store itself. */
  readonly port: 'writer' | 'reader' | 'directories' | 'marks' | 'space' | 'epochs' | null;
  readonly method: string;
  readonly args: readonly unknown[];
}

const [mailbox = '', redisUrl = '', root = ''] = process.argv.slice(2);
const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};
const randomId = (): string => randomBytes(16).toString('hex');
const onStep = (): void => undefined;

const store = await openStore({ root, fileMode: 0o640 });
const impatient = await openStore({ root, fileMode: 0o640, calls: { max: 3, patienceMs: 5000 } });
const subjects = new Map<string, Promise<FileStoreSubject>>();
const coordination = await openCoordination({ url: redisUrl, storeId: store.storeId, clock, randomId });
const { heads, leases, pins, register, retirement, eviction, usage, reconciler } = coordination;
const epochs = new Epochs({ register, store: store.epochs, clock, randomId, onStep });
await reconciler.completePass(await epochs.open());

const lookAt = (key: string) => heads.look({ key, scopes: [], probeTargets: [] }, null);

const deeds: Deeds = {
  async fill({ key, text }) {
    const fillId = randomId();
    const claim = { key, fillId, holder: 'guest', ttlMs: 60_000, scopes: [] };
    const grant = await leases.acquire(claim);
    if (grant.kind !== 'granted') throw new Error(`the lease is ${grant.kind}`);
    const { fence } = grant;
    const staging = await store.writer.stage(key, fence, fillId);
    await writeFile(staging.partPath, text);
    const manifest = manifestOf(await store.writer.seal(staging), { key, fence, fillId, text });
    await store.writer.describe(staging, manifest);
    await store.writer.publish(staging);
    const { version, consistency, source, dataset, startedAtMs, part } = manifest;
    const { sha256, bytes, rows } = part;
    const generation = { fence, fillId, version, sha256, bytes, rows, consistency, source, dataset, startedAtMs };
    const committed = await heads.commit({ key, scopes: [], ...generation });
    if (committed.kind !== 'committed') throw new Error('the commit was fenced');
    await leases.release(claim, fence);
    await store.marks.writeHead({ key, fence, version, sha256, verified: fence, verifiedAtMs: startedAtMs });
    return { key, fence };
  },
  head: async (key) => (await lookAt(key)).head?.fence ?? null,
  pin: async ({ key, fence, ttlMs }) =>
    (await pins.pinGeneration({ key, fence }, { id: randomId(), ttlMs }))?.id ?? null,
  unpin: ({ key, id }) => pins.release(key, id),
  async gc(key) {
    const { marks, space } = store;
    const keys = async (shard: string): Promise<readonly string[]> => (shard === shardOf(key) ? [key] : []);
    const directories = { ...store.directories, keys };
    const keep = { generations: 1, maxAgeMs: 0 };
    const rules = { graceMs: 0, keep, quotaBytes: null, reserveBytes: 0, unreadMs: null, datasets: {} };
    const report = await collectGarbage(
      { heads, leases, retirement, eviction, usage, directories, marks, space, randomId, onStep },
      { rules, pinMaxMs: 0, dryRun: false, signal: AbortSignal.any([]) },
    );
    if (report.waitingFor !== null) throw new Error(`gc waits for ${report.waitingFor}`);
    return report.generations;
  },
  inspect: async ({ key, fence }) => (await store.reader.inspect(key, fence)).kind,
  readPath: async (path) => reading(() => readFileSync(path, 'utf8')),
  hold: async (path) => openSync(path, 'r'),
  readHeld: async (held) =>
    reading(() => {
      const buffer = new Uint8Array(fstatSync(held).size);
      const bytes = readSync(held, buffer, 0, buffer.length, 0);
      return Buffer.from(buffer.subarray(0, bytes)).toString();
    }),
  async readPart({ key, fence }) {
    const part = await store.parts.open(key, fence, { start: 0, into: new Uint8Array(1024) });
    if (part === null) return null;
    await part[Symbol.asyncDispose]();
    return Buffer.from(part.first).toString();
  },
  partPath: async ({ key, fence }) => store.reader.partPath(key, fence).absolute,
  async remove(ref) {
    await store.directories.moveToTrash(ref);
    await store.directories.emptyTrash();
  },
  async verify(key) {
    const { generations, staging } = await store.directories.list(key);
    const judged: Record<number, string> = {};
    for (const fence of generations) judged[fence] = (await store.reader.verify(key, fence)).kind;
    return { judged, staged: staging.length };
  },
  async rush() {
    const calls = Array.from({ length: 20 }, () => impatient.marks.readMarks(['dataset:x', 'source:y']));
    const ended: Record<string, number> = {};
    for (const result of await Promise.allSettled(calls)) {
      const name = result.status === 'fulfilled' ? 'ok' : nameOf(result.reason);
      ended[name] = (ended[name] ?? 0) + 1;
    }
    // The thread that is left does what needs one: without it the answer would not come.
    await Promise.all([promisify(gzip)(Buffer.from('x')), lookup('localhost')]);
    return { ended, stuck: impatient.calls.stuck };
  },
  async contract({ root: own, port, method, args }) {
    if (!subjects.has(own)) subjects.set(own, openFileStoreSubject(own));
    const subject = await subjects.get(own);
    const owner = (port === null ? subject : subject?.[port]) as unknown as Record<string, unknown>;
    const member = owner[method];
    return typeof member === 'function' ? await Reflect.apply(member, owner, args) : member;
  },
};

function nameOf(error: unknown): string {
  if (!isParqueueError(error)) return String(error);
  return `${error.code} ${String(error.details['errno'])}`;
}

function reading(read: () => string): Reading {
  try {
    return { text: read() };
  } catch (error) {
    if (error instanceof Error && 'errno' in error && typeof error.errno === 'number') return { errno: error.errno };
    throw error;
  }
}

function manifestOf(
  sealed: { readonly bytes: number; readonly mtimeNs: string },
  { key, fence, fillId, text }: Ref & { readonly fillId: string; readonly text: string },
): Manifest {
  const sha256 = createHash('sha256').update(text).digest('hex');
  return {
    manifestFormat: 1,
    storeId: store.storeId,
    key,
    fence,
    fillId,
    version: `checksum:sha256:${sha256}`,
    consistency: 'exact',
    dataset: null,
    source: 'lake',
    request: {
      keyFormat: 1,
      sourceKind: 'file',
      sourceIdentity: 'file:lake',
      columns: null,
      columnTypes: {},
      parquet: DEFAULT_PARQUET,
      question: { kind: 'file', path: 'words.csv', format: 'csv', csv: null },
    },
    part: { name: 'part-000.parquet', rows: 1, sha256, ...sealed },
    columns: [{ name: 'word', sourceType: 'csv:VARCHAR', type: 'utf8', nullable: true }],
    sourceDetails: {},
    startedAtMs: clock.now(),
    sealedAtMs: clock.now(),
    host: 'guest',
    writer: 'guest-agent',
  };
}

async function answer(order: { readonly deed: keyof Deeds; readonly wish: unknown }): Promise<unknown> {
  try {
    const deed = deeds[order.deed] as (wish: unknown) => Promise<unknown>;
    return { value: (await deed(order.wish)) ?? null };
  } catch (error) {
    const code = isParqueueError(error) ? error.code : null;
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error), code };
  }
}

/** A file appears whole: it is written beside and renamed. */
async function tell(name: string, value: unknown): Promise<void> {
  await writeFile(join(mailbox, `${name}.new`), JSON.stringify(value));
  renameSync(join(mailbox, `${name}.new`), join(mailbox, name));
}

await tell('out.0', { value: store.storeId });
for (let number = 1; ; number += 1) {
  const order = join(mailbox, `in.${number}`);
  while (!existsSync(order)) await sleep(10);
  const asked = JSON.parse(readFileSync(order, 'utf8')) as Parameters<typeof answer>[0];
  void answer(asked).then((answered) => tell(`out.${number}`, answered));
}
