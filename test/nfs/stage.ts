/**
 * The API on c1 and a worker on c2, as processes from the built output, over a store and source files that are both on the
 * NFS mount. Tests ask by HTTP through a door into the lab's network, and write source files on either host. All are sound
 * Parquet files, which are copied as they are: an answer is right if it is the very bytes of the revision that is due.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { generateFile } from '@parqueue/core/parquet';
import { REDIS_URL, type GuestName, type NfsLab } from './nfs-lab.ts';

const SERVER = fileURLToPath(new URL('../dist/nfs/guest-server.js', import.meta.url));
/** A machine that is busy takes a minute to load all modules from its host. */
const SLOW_MS = 240_000;
const API_KEY = 'the-key-of-the-lab';
export const AGED_MS = 4000;

/** Datasets and how many rows their files have: some kilobytes, but for the long one with its 18 MB. */
const ROWS = { facts: 200, aged: 200, kept: 200, long: 1_000_000 } as const;
export type Dataset = keyof typeof ROWS;
const DATASETS = Object.keys(ROWS) as readonly Dataset[];

const SERVERS = { api: { guest: 'c1', host: '10.77.0.11' }, worker: { guest: 'c2', host: '10.77.0.12' } } as const;
type ServerName = keyof typeof SERVERS;

export interface Heard {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Of a problem. */
  readonly code: string | null;
  readonly body: Buffer;
}

export class Stage {
  readonly #lab: NfsLab;
  readonly #starts = { api: 0, worker: 0 };
  /** By the hash of the file; the revision whose writing began last, and the one whose writing is over. */
  readonly #revisions = new Map<string, number>();
  readonly begun: Record<Dataset, number> = { facts: 0, aged: 0, kept: 0, long: 0 };
  readonly current: Record<Dataset, number> = { facts: 0, aged: 0, kept: 0, long: 0 };

  constructor(lab: NfsLab) {
    this.#lab = lab;
  }

  /** When it returns, every dataset was loaded, and probed all at once: each thread has started, which takes long in a guest. */
  async open(): Promise<void> {
    await this.#lab.exec('c1', `mkdir -p ${this.#lab.root}/lake/late`);
    await writeFile(this.#config, configText(this.#lab.root));
    await Promise.all([this.start('api'), this.start('worker'), this.write('c1', ...DATASETS)]);
    for (const dataset of DATASETS) await this.mustAnswer(dataset);
    await Promise.all(DATASETS.map((dataset) => this.mustAnswer(dataset)));
  }

  get #config(): string {
    return join(this.#lab.folder, 'parqueue.yaml');
  }

  logOf(name: ServerName): string {
    return join(this.#lab.folder, `${name}-${this.#starts[name]}.log`);
  }

  async start(name: ServerName): Promise<void> {
    this.#starts[name] += 1;
    const { guest, host } = SERVERS[name];
    const log = this.logOf(name);
    await this.#lab[guest].background(SERVER, [name, this.#config, host], log);
    await this.#said(name, 'server ready', 1, SLOW_MS);
  }

  async stop(): Promise<void> {
    await Promise.all(Object.values(SERVERS).map(({ guest }) => this.#lab[guest].end(SERVER)));
  }

  /** @returns what waits until the worker's log has that step of a fill once more than now */
  async nextStep(step: string): Promise<() => Promise<void>> {
    const words = `"step":"${step}"`;
    const before = (await readFile(this.logOf('worker'), 'utf8')).split(words).length;
    return async () => await this.#said('worker', words, before, SLOW_MS);
  }

  async #said(name: ServerName, words: string, times: number, withinMs: number): Promise<void> {
    const log = this.logOf(name);
    for (const limit = Date.now() + withinMs; ; await sleep(50)) {
      const text = await readFile(log, 'utf8').catch(() => '');
      if (text.split(words).length > times) return;
      if (Date.now() > limit || existsSync(`${log}.ended`))
        throw new Error(`the ${name} did not say "${words}":\n${text}`);
    }
  }

  /** The next revision of these datasets' files, one after the other, each in one rename on that host. */
  async write(on: GuestName, ...datasets: readonly Dataset[]): Promise<void> {
    for (const dataset of datasets) {
      const revision = this.current[dataset] + 1;
      const path = join(this.#lab.folder, `${dataset}-${revision}-${this.#revisions.size}.parquet`);
      await generateFile({
        path,
        format: 'parquet',
        rows: ROWS[dataset],
        seed: ROWS[dataset] + DATASETS.indexOf(dataset),
        revision,
      });
      this.#revisions.set(sha256Of(await readFile(path)), revision);
      this.begun[dataset] = revision;
      await this.put(on, path, `${dataset}.parquet`);
      this.current[dataset] = revision;
    }
  }

  /** A file of the host under a name in the source's folder. */
  async put(on: GuestName, from: string, name: string): Promise<void> {
    const path = `${this.#lab.root}/lake/${name}`;
    await this.#lab.exec(on, `cp '${from}' '${path}.new' && mv '${path}.new' '${path}'`);
  }

  async ask(dataset: Dataset): Promise<Heard> {
    return await this.get(`/v1/datasets/${dataset}.parquet`);
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Heard> {
    const response = await this.begin(path, headers);
    const body = await bodyOf(response);
    const isProblem = response.headers['content-type']?.startsWith('application/problem+json') === true;
    const code = isProblem ? (JSON.parse(body.toString()) as { code: string }).code : null;
    return { status: response.statusCode ?? 0, headers: response.headers, code, body };
  }

  /** The answer with its body still to be read. */
  async begin(path: string, headers: Record<string, string> = {}, door: ServerName = 'api'): Promise<IncomingMessage> {
    const socketPath = join(this.#lab.folder, `${door}.sock`);
    return await new Promise((resolve, reject) => {
      const options = { socketPath, path, headers: { authorization: `Bearer ${API_KEY}`, ...headers }, agent: false };
      request(options, resolve)
        .on('error', reject)
        .setTimeout(SLOW_MS, () => reject(new Error(`${path}: no answer`)))
        .end();
    });
  }

  async metric(name: string, door: ServerName = 'api'): Promise<number> {
    const text = String(await bodyOf(await this.begin('/metrics', {}, door)));
    const lines = text.split('\n').filter((line) => line.startsWith(name));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  /** The revision of which these are exactly the bytes; otherwise what is wrong. */
  revisionIn(heard: Heard): number | { readonly wrong: string } {
    const { status, headers, body } = heard;
    if (status !== 200) return { wrong: `${status} ${body.toString().slice(0, 300)}` };
    const sha256 = sha256Of(body);
    if (headers.etag?.includes(sha256) !== true) return { wrong: `bytes that are not those of ETag ${headers.etag}` };
    return this.#revisions.get(sha256) ?? { wrong: `${body.length} bytes that are no revision of the file` };
  }

  /** @throws where a strict ask does not end with the current revision */
  async mustAnswer(dataset: Dataset): Promise<Heard> {
    const heard = await this.ask(dataset);
    const revision = this.revisionIn(heard);
    if (revision === this.current[dataset]) return heard;
    throw new Error(
      `the current revision of ${dataset} is ${this.current[dataset]}, told was ${JSON.stringify(revision)}`,
    );
  }

  /** Every generation of the key, by the full check, as that host sees it. */
  async mustBeWhole(on: GuestName, key: string): Promise<number> {
    const { judged } = await this.#lab[on].does('verify', key);
    const bad = Object.entries(judged).filter(([, kind]) => kind !== 'whole');
    if (bad.length > 0) throw new Error(`on ${on}: ${JSON.stringify(bad)}`);
    return Object.keys(judged).length;
  }
}

export const textOf = (heard: Pick<Heard, 'headers'>, name: string): string => String(heard.headers[name]);

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export async function bodyOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function configText(root: string): string {
  const sha256 = createHash('sha256').update(API_KEY).digest('hex');
  return `
listen: { port: 0 }
auth: { apiKeys: [{ name: lab, sha256: ${sha256}, scopes: [read, fill, adhoc, admin] }] }
store: { root: ${root}/store, retention: { grace: 1s, generations: 1 } }
redis: { url: "${REDIS_URL}", durable: false }
worker: { listen: { port: 0 }, threads: 1, leaseTtl: 5s, drain: { finish: 1s }, scratch: /tmp/scratch }
sources:
  lake: { kind: file, root: ${root}/lake, maxConcurrentFills: 2 }
datasets:
  facts: { source: lake, path: facts.parquet }
  aged: { source: lake, path: aged.parquet, freshness: { maxAge: ${AGED_MS}ms } }
  kept: { source: lake, path: kept.parquet, freshness: { maxAge: 1h } }
  long: { source: lake, path: long.parquet }
  late: { source: lake, path: "late/{name}.parquet", params: { name: { type: string, pattern: "[a-z]+" } } }
`;
}
