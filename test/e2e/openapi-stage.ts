/** The stage that drives every promise of the OpenAPI document: one question per kind of trouble, and keys of each kind. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { Stage } from './api-stage.ts';
import { Promises, type Promised } from './openapi-promises.ts';

const KEYS = {
  admin: ['read', 'fill', 'adhoc', 'admin'],
  /** May use what is there. */
  reader: ['read'],
  /** May nothing of what routes ask for. */
  stranger: ['adhoc'],
  /** May ask once in a long while. */
  hurried: ['read', 'fill', 'adhoc', 'admin'],
} as const;
export type Who = keyof typeof KEYS | 'nobody';

const SUFFIXES = ['parquet', 'arrow', 'csv', 'json', 'ndjson'] as const;

export interface Ask {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** By the trouble that each has. */
const DATASETS = `
  gone: { source: lake, path: gone.csv }
  rejected: { source: lake, path: folder.csv }
  malformed: { source: lake, path: malformed.json }
  big: { source: lake, path: big.csv }
  imprecise: { source: lake, path: imprecise.json, columns: { p: "decimal(30,2)" } }
  unstable: { source: lake, path: unstable.csv, columns: { id: int64 } }
  untouched: { source: lake, path: words.csv, select: [word] }
  blocked: { source: fragile, path: words.csv, select: [id] }
  mute: { source: mute, sql: select 1 one from things }
  timely: { source: mute, sql: select 2 two from things }
  dead: { source: dead, sql: select 1 one from things }
`;

export class OpenApiStage implements AsyncDisposable {
  readonly promises = new Promises();
  readonly stage: Stage;
  readonly #listener: Server;
  readonly #sockets: ReadonlySet<Socket>;

  private constructor(stage: Stage, listener: Server, sockets: ReadonlySet<Socket>) {
    this.stage = stage;
    this.#listener = listener;
    this.#sockets = sockets;
  }

  static async open(): Promise<OpenApiStage> {
    // Accepts connections and never says a word.
    const sockets = new Set<Socket>();
    const listener = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    const keys = Object.entries(KEYS).map(
      ([name, scopes]) =>
        `{ name: ${name}, sha256: ${createHash('sha256').update(name).digest('hex')}, scopes: [${scopes.join(', ')}], datasets: ["*"]${name === 'hurried' ? ', limits: { requestsPerSecond: 0.0001, burst: 1 }' : ''} }`,
    );
    const oracle = (at: number): string =>
      `{ kind: oracle, connectString: "127.0.0.1:${at}/things", user: u, password: p, adhoc: true, connectTimeout: 60s }`;
    const stage = await Stage.open({
      worker: false,
      sources: `  mute: ${oracle(port)}\n  dead: ${oracle(1)}\n  fragile: { kind: file, root: ./lake }\n`,
      datasets: DATASETS.replace('\n', ''),
      yaml: `auth: { limits: { requestsPerSecond: 1000000 }, apiKeys: [${keys.join(', ')}] }\nlimits: { rows: 50, queuePerSource: 2, fillTimeout: 6s }\n`,
    });
    const own = new OpenApiStage(stage, listener, sockets);
    await own.#writeSources();
    return own;
  }

  async #writeSources(): Promise<void> {
    const { stage } = this;
    await stage.writeWords('one', 'two', 'three');
    await stage.writeSource('malformed.json', '[{"id": 1}, {');
    await stage.writeSource('imprecise.json', '[{"p": 1.5}, {"p": 1234567890123456.78}]');
    await stage.writeSource('big.csv', `id\n${Array.from({ length: 60 }, (_, row) => row).join('\n')}\n`);
    await mkdir(join(stage.base, 'lake', 'folder.csv'));
  }

  async ask({ method, path, body, headers = {} }: Ask, who: Who = 'admin'): Promise<Told> {
    const text = typeof body === 'string' ? body : body === undefined ? undefined : JSON.stringify(body);
    const response = await fetch(`${this.stage.url}${path}`, {
      method,
      headers: {
        ...(who === 'nobody' ? {} : { authorization: `Bearer ${who}` }),
        ...(text === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(text === undefined ? {} : { body: text }),
      redirect: 'manual',
    });
    return {
      status: response.status,
      headers: response.headers,
      body: await this.promises.check(method, path, response),
    };
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Told> {
    return await this.ask({ method: 'GET', path, headers });
  }

  async post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Told> {
    return await this.ask({ method: 'POST', path, body, headers });
  }

  /** What was answered otherwise than expected, for a message that says it all. */
  async others(expected: number, asks: readonly Ask[], who: Who = 'admin'): Promise<readonly string[]> {
    const told = await Promise.all(asks.map(async (one) => ({ one, answer: await this.ask(one, who) })));
    return told
      .filter(({ answer }) => answer.status !== expected)
      .map(
        ({ one, answer }) =>
          `${one.method} ${one.path}: ${answer.status} ${JSON.stringify(answer.body)?.slice(0, 200)}`,
      );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#listener.close();
    await this.stage[Symbol.asyncDispose]();
  }
}

type Headers_ = Readonly<Record<string, string>>;

/** A dataset asked in every way there is. */
export function asksOf(dataset: string, headers: Headers_ = {}): readonly Ask[] {
  return [...rowsOf(dataset, headers), { method: 'POST', path: '/v1/resolve', body: { dataset }, headers }];
}

/** In every way that sends rows. */
export function rowsOf(dataset: string, headers: Headers_ = {}): readonly Ask[] {
  const paths = [...SUFFIXES.map((suffix) => `${dataset}.${suffix}`), `${dataset}/data`];
  return [
    ...paths.flatMap((path) => ['GET', 'HEAD'].map((method) => ({ method, path: `/v1/datasets/${path}`, headers }))),
    { method: 'POST', path: '/v1/query', body: { dataset }, headers },
  ];
}

/** In every way that may say 202. */
export function patientOf(dataset: string, headers: Headers_ = {}): readonly Ask[] {
  return asksOf(dataset, headers).filter(({ path }) => !SUFFIXES.some((suffix) => path.endsWith(`.${suffix}`)));
}

/** In every way that sends Parquet. */
export function parquetOf(dataset: string, headers: Headers_ = {}): readonly Ask[] {
  return rowsOf(dataset, headers).filter(({ path }) => /\.parquet$|\/data$|query$/.test(path));
}

export function storedOf(key: string, fence: number | string, headers: Headers_ = {}): readonly Ask[] {
  return [`/v1/entries/${key}/data`, `/v1/entries/${key}/generations/${fence}/data`].flatMap((path) =>
    ['GET', 'HEAD'].map((method) => ({ method, path, headers })),
  );
}

/** Any request for the operation, its path filled in. */
export function anyOf({ method, path, hasBody }: Promised, names: Readonly<Record<string, string>>): Ask {
  const filled = path.replaceAll(/\{([A-Za-z]+)\}/g, (_, name: string) => names[name] ?? name);
  return { method, path: filled, ...(hasBody && method !== 'DELETE' ? { body: {} } : {}) };
}
