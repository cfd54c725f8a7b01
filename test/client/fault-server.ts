/**
 * A small server that speaks enough of Parqueue's data routes to be a client's server, and misbehaves on command: one
 * dataset whose bytes are set by the test, counted answers, and faults for the next requests.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tableFromArrays, tableToIPC } from 'apache-arrow';
import { Parqueue, type ParqueueOptions } from '@parqueue/client';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Answering {
  readonly request: Seen;
  readonly response: ServerResponse;
  /** Answers as a healthy server would. */
  readonly answer: () => void;
}

export type Fault = (call: Answering) => void;

const digestOf = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

export class FaultServer implements AsyncDisposable {
  readonly seen: Seen[] = [];
  /** Bytes of bodies that were sent whole. */
  sentBytes = 0;
  generation = 1;
  ageSeconds = 0;
  parquet: Uint8Array = Buffer.from('PAR1 the first rows PAR1');
  arrow: Uint8Array = arrowOf([1, 2, 3]);
  readonly #faults: Fault[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        this.#take({ method, url, headers, body: Buffer.concat(chunks).toString() }, response);
      });
    });
  }

  static async start(): Promise<FaultServer> {
    const server = new FaultServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Of the Parquet, hexadecimal. */
  get sha256(): string {
    return digestOf(this.parquet).toString('hex');
  }

  /** What the next requests meet, one each, instead of an answer. */
  meet(...faults: readonly Fault[]): void {
    this.#faults.push(...faults);
  }

  /** Statuses of conditional requests are of interest, not what they were about. */
  get requests(): readonly string[] {
    return this.seen.map(({ method, url }) => `${method} ${url.split('?')[0]}`);
  }

  /** The source changed, and a load brought other rows. */
  change(values: readonly number[]): void {
    this.generation += 1;
    this.arrow = arrowOf(values);
    this.parquet = Buffer.from(`PAR1 ${values.join(' ')} PAR1`);
  }

  client(options: Partial<ParqueueOptions> = {}): Parqueue {
    return new Parqueue({ url: this.url, sleep: async (_ms, signal) => signal?.throwIfAborted(), ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #take(request: Seen, response: ServerResponse): void {
    this.seen.push(request);
    const answer = (): void => this.#answer(request, response);
    const fault = this.#faults.shift();
    if (fault === undefined) answer();
    else fault({ request, response, answer });
  }

  #answer(request: Seen, response: ServerResponse): void {
    const { url, headers } = request;
    if (request.method === 'DELETE') return void response.writeHead(204).end();
    if (url.startsWith('/v1/invalidate')) return json(response, { tick: 1 });
    if (url.startsWith('/v1/resolve')) return json(response, this.#entry());
    const generation = /\/generations\/(\d+)\//.exec(url)?.[1];
    if (generation !== undefined && generation !== String(this.generation))
      return json(response, { code: 'PQ_GONE', detail: 'removed' }, 410);
    const isParquet = url.includes('format=parquet') || !url.includes('format=');
    const bytes = isParquet ? this.parquet : this.arrow;
    const etag = isParquet ? `"${digestOf(bytes).toString('hex')}"` : `W/"${digestOf(bytes).toString('hex').slice(9)}"`;
    const told = {
      etag,
      age: String(this.ageSeconds),
      'parqueue-key': 'k1',
      'parqueue-generation': String(this.generation),
      'parqueue-version': `v${this.generation}`,
      'cache-status': 'parqueue; hit',
    };
    if (headers['if-none-match'] === etag) return void response.writeHead(304, told).end();
    const range = /^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1];
    const start = range !== undefined && headers['if-range'] === etag ? Number(range) : 0;
    response.writeHead(start > 0 ? 206 : 200, {
      ...told,
      ...(isParquet ? this.#parquetHeaders(bytes) : { 'accept-ranges': 'none' }),
      ...(start > 0 ? { 'content-range': `bytes ${start}-${bytes.byteLength - 1}/${bytes.byteLength}` } : {}),
      ...(isParquet ? { 'content-length': bytes.byteLength - start } : {}),
    });
    this.sentBytes += bytes.byteLength - start;
    response.end(bytes.subarray(start));
  }

  #parquetHeaders(bytes: Uint8Array): Record<string, string> {
    return {
      'accept-ranges': 'bytes',
      'repr-digest': `sha-256=:${digestOf(bytes).toString('base64')}:`,
      'content-location': `/v1/entries/k1/generations/${this.generation}/data`,
    };
  }

  #entry(): unknown {
    const { generation, ageSeconds, sha256 } = this;
    return { key: 'k1', generation, version: `v${generation}`, etag: `"${sha256}"`, sha256, ageSeconds };
  }
}

function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export function arrowOf(values: readonly number[]): Uint8Array {
  return tableToIPC(tableFromArrays({ n: Int32Array.from(values) }), 'stream');
}

/** Answers, and breaks the connection after so many bytes of the body. */
export function breaksAfter(bytes: number): Fault {
  return ({ response, answer }) => {
    const end = response.end.bind(response);
    response.end = ((body?: Uint8Array) => {
      if (body === undefined) return end();
      response.write(body.subarray(0, bytes), () => response.destroy());
      return response;
    }) as typeof response.end;
    answer();
  };
}

/** Answers with other bytes under the same headers. */
export function spoils(spoil: (body: Uint8Array) => Uint8Array): Fault {
  return ({ response, answer }) => {
    const end = response.end.bind(response);
    response.end = ((body?: Uint8Array) => end(body === undefined ? body : spoil(body))) as typeof response.end;
    answer();
  };
}

/** 429 or 503, with a time to come back. */
export function refuses(status: number, retryAfter: string | null): Fault {
  return ({ response }) => {
    const headers = retryAfter === null ? {} : { 'retry-after': retryAfter };
    response.writeHead(status, { 'content-type': 'application/problem+json', ...headers });
    response.end(JSON.stringify({ code: 'PQ_QUEUE_FULL', detail: 'full', status }));
  };
}

/** Sends a part of the body, and then nothing for ever. */
export function stallsAfter(bytes: number, stalled: () => void = () => undefined): Fault {
  return ({ response, answer }) => {
    response.end = ((body?: Uint8Array) => {
      response.write(body?.subarray(0, bytes) ?? '', () => stalled());
      return response;
    }) as typeof response.end;
    answer();
  };
}
