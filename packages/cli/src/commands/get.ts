/**
 * `parqueue get` and `parqueue query`: rows to a file or a pipe. A file appears under its name only when it is whole
 * and its bytes are those the server's ETag promised.
 */
import { createHash } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import type { WriteStream } from 'node:fs';
import { extname, resolve } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ParqueueHttpError, type Answer, type Format, type Freshness, type Question } from '@parqueue/client';
import { ParqueueError } from '@parqueue/core';
import type { Bind } from '../arguments.ts';
import type { Context } from '../context.ts';
import { UsageError } from '../exit.ts';
import { transferProgress } from '../output/transfer-progress.ts';
import { spellBytes, spellCount, spellMs } from '../output/units.ts';
import { connect, withProgress, type RemoteOptions } from './remote.ts';

export interface GetOptions extends RemoteOptions {
  readonly param?: Readonly<Record<string, string>>;
  readonly columns?: readonly string[];
  readonly limit?: number;
  readonly output?: string;
  readonly format?: Format;
  readonly maxAge?: number;
  /** false: `--no-cache`. */
  readonly cache?: boolean;
  readonly onlyIfCached?: boolean;
}

export interface QueryOptions extends GetOptions {
  readonly source: string;
  readonly path?: string;
  readonly sql?: string;
  readonly bind?: Readonly<Record<string, Bind>>;
}

const ROWS_ON_TERMINAL = 1_000;

const FORMAT_OF_EXTENSION: Readonly<Record<string, Format>> = {
  '.parquet': 'parquet',
  '.arrow': 'arrow',
  '.csv': 'csv',
  '.json': 'json',
  '.ndjson': 'ndjson',
};

export async function get(context: Context, dataset: string, options: GetOptions): Promise<void> {
  const format = formatOf(context, options);
  const client = connect(context, options);
  const limit = limitOf(context, options, format);
  await deliver(
    context,
    options,
    dataset,
    async (onWait) =>
      await client.get(dataset, {
        format,
        freshness: freshnessOf(options),
        onWait,
        params: { ...options.param, ...(limit === undefined ? {} : { limit }) },
        ...(options.columns === undefined ? {} : { columns: options.columns }),
      }),
  );
}

export async function query(context: Context, options: QueryOptions): Promise<void> {
  const format = formatOf(context, options);
  const client = connect(context, options);
  const question = questionOf(options);
  const limit = limitOf(context, options, format);
  const wished = { format, ...(limit === undefined ? {} : { limit }) };
  await deliver(
    context,
    options,
    options.path ?? 'query',
    async (onWait) => await client.query(question, { ...wished, freshness: freshnessOf(options), onWait }),
  );
}

function questionOf({ source, path, sql, bind: binds = {}, columns }: QueryOptions): Question {
  const wanted = columns === undefined ? {} : { columns };
  const bound = Object.keys(binds).length > 0;
  if (path !== undefined && bound) throw new UsageError('--bind goes with --sql');
  if (path !== undefined && sql === undefined) return { source, path, ...wanted };
  if (sql !== undefined && path === undefined) return { source, sql, ...(bound ? { binds } : {}), ...wanted };
  throw new UsageError('say what to ask: either --path FILE or --sql STATEMENT');
}

type Ask = Parameters<typeof withProgress<Answer>>[2];

async function deliver(context: Context, options: GetOptions, label: string, ask: Ask): Promise<void> {
  const began = context.clock.now();
  const answer = await withProgress(context, label, ask);
  const bytes = await write(context, answer, { output: options.output, label });
  const ms = context.clock.now() - began;
  const missing = rowsMissing(answer, options);
  if (missing !== null && options.json !== true) context.err(missing);
  const told = {
    key: answer.key,
    generation: answer.generation,
    version: answer.version,
    etag: answer.etag,
    cacheStatus: answer.cacheStatus,
    bytes,
    whole: missing === null,
    ms,
    file: options.output === undefined ? null : resolve(context.cwd, options.output),
  };
  if (options.json === true && options.output !== undefined) context.out(JSON.stringify(told));
  else if (options.json === true) context.err(JSON.stringify(told));
  else if (options.output !== undefined || context.interactive) {
    context.err(`${options.output ?? label}: ${spellBytes(bytes)} in ${spellMs(ms)} · ${answer.cacheStatus ?? ''}`);
  }
}

/** A terminal was given a look, which must not pass for the whole. */
function rowsMissing(answer: Answer, { limit }: GetOptions): string | null {
  const { headers } = answer.response;
  if (limit !== undefined || headers.get('link')?.includes('rel="next"') !== true) return null;
  const rows = Number(headers.get('parqueue-rows'));
  return `note: these are only the first ${spellCount(ROWS_ON_TERMINAL)} of ${spellCount(rows)} rows; --limit shows more, -o FILE saves all`;
}

/** What scrolls by is a look. */
function limitOf(context: Context, { limit, output }: GetOptions, format: Format): number | undefined {
  if (limit !== undefined || output !== undefined || !isTerminal(context.stdout)) return limit;
  return format === 'parquet' ? undefined : ROWS_ON_TERMINAL;
}

/** @returns how many bytes went out. */
async function write(
  context: Context,
  answer: Answer,
  { output, label }: { readonly output: string | undefined; readonly label: string },
): Promise<number> {
  let bytes = 0;
  using shown = transferProgress(context, label, {
    bytesTotal: lengthOf(answer),
    toTerminal: output === undefined && isTerminal(context.stdout),
  });
  const hash = createHash('sha256');
  const counted = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      bytes += chunk.length;
      hash.update(chunk);
      shown.onBytes(bytes);
      done(null, chunk);
    },
  });
  const body = Readable.from(bodyOf(answer), { objectMode: false });
  if (output === undefined) {
    await pipeline(body, counted, context.stdout, { end: false });
    return bytes;
  }
  const path = resolve(context.cwd, output);
  const partial = `${path}.${context.randomId().slice(0, 8)}.part`;
  try {
    await pipeline(body, counted, await fileAt(partial, output));
    assertPromised(answer, hash.digest());
    await rename(partial, path);
  } finally {
    await rm(partial, { force: true });
  }
  return bytes;
}

/** A server that cannot go on breaks the connection: what came until then is not an answer. */
async function* bodyOf(answer: Answer): AsyncGenerator<Uint8Array> {
  try {
    yield* answer.stream();
  } catch (cause) {
    throw new ParqueueHttpError('the connection broke before the rows were whole; ask again', {
      code: 'INTERRUPTED',
      status: 0,
      retryable: true,
      retryAfterMs: null,
      details: {},
      cause,
    });
  }
}

/** null where the rows are converted while they are sent: nobody knows yet how long they get. */
function lengthOf({ response: { headers } }: Answer): number | null {
  const length = headers.get('content-length');
  return length === null || headers.has('content-encoding') ? null : Number(length);
}

/** Repr-Digest (RFC 9530) is sent with Parquet: what arrived must be what was published. */
function assertPromised(answer: Answer, digest: Buffer): void {
  const promised = /sha-256=:([^:]+):/.exec(answer.response.headers.get('repr-digest') ?? '')?.[1];
  if (promised === undefined || promised === digest.toString('base64')) return;
  throw new ParqueueError(
    'PQ_INTERNAL',
    'the bytes that arrived are not those the server promised: the transfer was damaged; ask again',
  );
}

/** @throws UsageError where no file can be made, before a byte is written */
async function fileAt(partial: string, output: string): Promise<WriteStream> {
  try {
    return (await open(partial, 'wx')).createWriteStream();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new UsageError(`${output} cannot be written (${code}): name a file in a folder that is there and writable`);
  }
}

function formatOf(context: Context, { format, output }: GetOptions): Format {
  if (format !== undefined) return format;
  if (output !== undefined) return FORMAT_OF_EXTENSION[extname(output).toLowerCase()] ?? 'parquet';
  return isTerminal(context.stdout) ? 'csv' : 'parquet';
}

function isTerminal(stream: NodeJS.WritableStream): boolean {
  return 'isTTY' in stream && stream.isTTY === true;
}

function freshnessOf({ cache, maxAge, onlyIfCached }: GetOptions): Freshness {
  return {
    ...(cache === false ? { noCache: true } : {}),
    ...(maxAge === undefined ? {} : { maxAge }),
    ...(onlyIfCached === true ? { onlyIfCached: true } : {}),
  };
}
