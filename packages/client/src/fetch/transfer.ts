/**
 * A body, whole or not at all. Bytes are counted against Content-Length and hashed against the digest; a transfer that
 * broke goes on where it broke if the server names the immutable bytes (Content-Location, Range with If-Range), and
 * begins again otherwise. Short bytes are never taken for an answer.
 */
import { clientError, isParqueueHttpError } from '../problem.ts';
import type { Call, Transport } from '../transport.ts';
import { digestOf, expectedDigest, openHasher, type Hasher } from './digest.ts';

/** Where bytes go. */
export interface Sink {
  write(chunk: Uint8Array<ArrayBuffer>): void | Promise<void>;
  /** All that was written is void. */
  restart(): void | Promise<void>;
  /** All of it, for whom the bytes are in memory. */
  readonly bytes?: () => Uint8Array<ArrayBuffer>;
}

export interface TransferPlan {
  readonly transport: Transport;
  readonly sink: Sink;
  readonly signal: AbortSignal | undefined;
  /** Asks for the same from its beginning; the answer may be of a newer generation. */
  readonly begin: () => Promise<Response>;
  readonly onBytes?: ((bytes: number, total: number | null) => void) | undefined;
  /** Whether these last bytes (up to 8) end the form; the length of a converted one is not known before. */
  readonly isEnd?: ((tail: Uint8Array) => boolean) | undefined;
}

export interface Transferred {
  /** The one whose bytes they are. */
  readonly response: Response;
  readonly bytes: number;
  /** Hexadecimal; null where the runtime cannot hash. */
  readonly sha256: string | null;
}

/** Errors of the way, not of the server: worth another attempt. */
const OF_THE_WAY = new Set(['INTERRUPTED', 'CORRUPTED', 'UNREACHABLE']);

/** @throws ParqueueHttpError INTERRUPTED, CORRUPTED, and whatever asking again is answered; the signal's reason */
export async function receive(first: Response, plan: TransferPlan): Promise<Transferred> {
  const { transport, signal, sink } = plan;
  let reception: Reception | null = new Reception(first, plan);
  let furthest = 0;
  for (let failures = 0; ;) {
    try {
      if (reception === null || (failures > 0 && !(await reception.continue()))) {
        // Void before anything else can fail: what it counted and hashed is not in the sink any more.
        reception = null;
        await sink.restart();
        reception = new Reception(await plan.begin(), plan);
      }
      return await reception.finish();
    } catch (error) {
      signal?.throwIfAborted();
      if (!isParqueueHttpError(error) || !OF_THE_WAY.has(error.code)) throw error;
      if (error.code === 'CORRUPTED' || reception?.canContinue === false) reception = null;
      const received = reception?.received ?? 0;
      // Bytes that came are gained for good where the next attempt begins after them: such a transfer ends.
      failures = received > furthest ? 1 : failures + 1;
      furthest = Math.max(furthest, received);
      if (failures > transport.retries) throw error;
      await transport.pause(failures - 1, signal);
    }
  }
}

const TAIL_BYTES = 8;

/** One representation on its way. */
class Reception {
  received = 0;
  readonly #response: Response;
  readonly #plan: TransferPlan;
  readonly #expected: string | null;
  readonly #total: number | null;
  readonly #hasher: Hasher | null = openHasher();
  readonly #continuation: Omit<Call, 'headers'> | null;
  #body: ReadableStream<Uint8Array> | null;
  readonly #tail = new Tail();

  constructor(response: Response, plan: TransferPlan) {
    this.#response = response;
    this.#plan = plan;
    this.#body = response.body;
    this.#expected = expectedDigest(response.headers);
    this.#total = lengthOf(response.headers);
    this.#continuation = continuationOf(response, plan);
  }

  get canContinue(): boolean {
    return this.#continuation !== null && this.received > 0;
  }

  /** @throws ParqueueHttpError INTERRUPTED, CORRUPTED; whatever the sink throws */
  async finish(): Promise<Transferred> {
    const { sink, onBytes, isEnd } = this.#plan;
    onBytes?.(this.received, this.#total);
    for await (const chunk of bodyOf(this.#body)) {
      this.#hasher?.update(chunk);
      this.#tail.take(chunk);
      this.received += chunk.byteLength;
      await sink.write(chunk);
      onBytes?.(this.received, this.#total);
    }
    if (this.#total !== null && this.received < this.#total)
      throw interrupted(`the answer ended after ${this.received} of ${this.#total} bytes`);
    if (isEnd !== undefined && !isEnd(this.#tail.bytes))
      throw interrupted(`the answer ended after ${this.received} bytes without the mark of its end`);
    const sha256 = this.#hasher?.digest() ?? (await digestIn(sink));
    const wrong = this.#expected !== null && sha256 !== null && sha256 !== this.#expected;
    if (wrong || (this.#total !== null && this.received > this.#total)) {
      throw clientError('CORRUPTED', 'the bytes that arrived are not those that the server hashed', {
        retryable: true,
      });
    }
    return { response: this.#response, bytes: this.received, sha256 };
  }

  /** @returns false where these bytes cannot be had any more */
  async continue(): Promise<boolean> {
    if (this.#continuation === null) return false;
    const headers = { range: `bytes=${this.received}-`, 'if-range': this.#response.headers.get('etag') ?? '' };
    let response: Response;
    try {
      response = await this.#plan.transport.send({ ...this.#continuation, headers });
    } catch (error) {
      if (isParqueueHttpError(error) && [404, 410, 416].includes(error.status)) return false;
      throw error;
    }
    if (response.status === 206 && this.#isRest(response.headers)) {
      this.#body = response.body;
      return true;
    }
    await response.body?.cancel();
    return false;
  }

  /** Of these very bytes, from the next one on, and as they are. */
  #isRest(headers: Headers): boolean {
    const [, start, total] = /^bytes ([0-9]+)-[0-9]+\/([0-9]+|\*)$/.exec(headers.get('content-range') ?? '') ?? [];
    const isWhole = total === '*' || this.#total === null || total === String(this.#total);
    const isSame = headers.get('etag') === this.#response.headers.get('etag');
    return start === String(this.received) && isWhole && isSame && !headers.has('content-encoding');
  }
}

/** The last bytes of what passed by. */
export class Tail {
  bytes = new Uint8Array(0);

  take(chunk: Uint8Array): void {
    const joined = new Uint8Array(this.bytes.byteLength + Math.min(chunk.byteLength, TAIL_BYTES));
    joined.set(this.bytes);
    joined.set(chunk.subarray(-TAIL_BYTES), this.bytes.byteLength);
    this.bytes = joined.slice(-TAIL_BYTES);
  }
}

/** Chunks as they come; a connection that breaks is INTERRUPTED. */
export async function* bodyOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  if (body === null) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw interrupted('the connection broke while the answer was sent', cause);
      });
      if (done) return;
      yield value as Uint8Array<ArrayBuffer>;
    }
  } finally {
    // Of a body that ended this does nothing; of any other it ends the connection.
    await reader.cancel().catch(() => undefined);
  }
}

export function interrupted(message: string, cause?: unknown): Error {
  return clientError('INTERRUPTED', message, { retryable: true, cause });
}

function continuationOf({ headers }: Response, { signal }: TransferPlan): Omit<Call, 'headers'> | null {
  const location = headers.get('content-location');
  const strong = headers.get('etag')?.startsWith('"') === true;
  if (location === null || !strong || headers.get('accept-ranges') !== 'bytes' || headers.has('content-encoding'))
    return null;
  // Of this server wherever it is mounted: the path below the base, not below the root.
  const path = /(v1\/.*)$/.exec(location)?.[1];
  return path === undefined ? null : { method: 'GET', path, signal };
}

/** Of the bytes as they arrive: not where they are coded on the way. */
function lengthOf(headers: Headers): number | null {
  const text = headers.get('content-length');
  return text === null || headers.has('content-encoding') ? null : Number(text);
}

async function digestIn({ bytes }: Sink): Promise<string | null> {
  return bytes === undefined ? null : digestOf(bytes());
}

/** Keeps what arrives, and gives it as one buffer of its own: Arrow reads numbers in place, so it has to be aligned. */
export class MemorySink implements Sink {
  #chunks: Uint8Array<ArrayBuffer>[] = [];
  #joined: Uint8Array<ArrayBuffer> | null = null;

  write(chunk: Uint8Array<ArrayBuffer>): void {
    this.#chunks.push(chunk);
  }

  restart(): void {
    this.#chunks = [];
  }

  readonly bytes = (): Uint8Array<ArrayBuffer> => (this.#joined ??= this.#join());

  #join(): Uint8Array<ArrayBuffer> {
    const joined = new Uint8Array(this.#chunks.reduce((sum, { byteLength }) => sum + byteLength, 0));
    let at = 0;
    for (const chunk of this.#chunks) {
      joined.set(chunk, at);
      at += chunk.byteLength;
    }
    this.#chunks = [];
    return joined;
  }
}
