import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isParqueueHttpError, Parqueue, type AnswerInfo, type Progress } from '@parqueue/client';
import { REPOSITORY } from '../fixtures/source-graph.ts';
import { Stage } from './api-stage.ts';

const run = promisify(execFile);

let stage: Stage;
let client: Parqueue;
let folder: string;
/** Bytes of bodies that came over the wire. */
let received = 0;

const countingFetch: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  const counted = response.body?.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        received += chunk.byteLength;
        controller.enqueue(chunk);
      },
    }),
  );
  const { status, statusText, headers } = response;
  return new Response(counted ?? null, { status, statusText, headers });
};

beforeAll(async () => {
  stage = await Stage.open({
    datasets: `  typed:
    source: lake
    path: typed.csv
    columns: { id: int64, price: "decimal(12,2)", day: date, at: timestamp }
  many: { source: lake, path: many.csv, columns: { n: int64 } }
`,
  });
  await stage.writeWords('one', 'two', 'three');
  await stage.writeSource(
    'typed.csv',
    'id,price,day,at,note\n1,10.50,2026-01-31,2026-01-31 10:11:12.123456,x\n2,,1969-12-31,,\n',
  );
  await stage.writeSource('many.csv', `n\n${Array.from({ length: 50_000 }, (_, at) => at).join('\n')}\n`);
  folder = await mkdtemp(join(tmpdir(), 'parqueue-client-e2e-'));
  client = new Parqueue({ url: stage.url, fetch: countingFetch, mount: join(stage.base, 'store') });
});

afterAll(async () => {
  await stage[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const wordsOf = (rows: readonly Readonly<Record<string, unknown>>[]): unknown[] => rows.map(({ word }) => word);

describe('the kinds of results', () => {
  test('a table, and rows whose values have one type per column', async () => {
    const table = await client.fetch('typed');
    expect(table.numRows).toBe(2);
    expect(table.schema.fields.map(({ name }) => name)).toEqual(['id', 'price', 'day', 'at', 'note']);
    const rows = await client.fetch('typed', { as: 'rows' });
    expect(rows).toEqual([
      { id: 1n, price: '10.50', day: '2026-01-31', at: '2026-01-31T10:11:12.123456', note: 'x' },
      { id: 2n, price: null, day: '1969-12-31', at: null, note: null },
    ]);
  });

  test('bytes, as stored or in a form', async () => {
    const parquet = await client.fetch('words', { as: 'bytes' });
    expect(Buffer.from(parquet.subarray(0, 4)).toString()).toBe('PAR1');
    const csv = await client.fetch('words', { as: 'bytes', format: 'csv', columns: ['word'], limit: 2, offset: 1 });
    expect(Buffer.from(csv).toString().trim().split(/\r?\n/)).toEqual(['word', 'two', 'three']);
    const text = await client.fetch('typed', { as: 'bytes', format: 'ndjson', numbers: 'string', limit: 1 });
    expect(JSON.parse(Buffer.from(text).toString())).toMatchObject({ id: '1', price: '10.50' });
  });

  test('a file that has the digest of what the server stored', async () => {
    const path = join(folder, 'words.parquet');
    const { sha256, bytes } = await client.fetch('words', { as: 'file', path });
    expect(await client.resolve({ dataset: 'words' })).toMatchObject({ sha256, bytes });
    const before = received;
    await client.fetch('words', { as: 'file', path });
    expect(received).toBe(before);
    expect((await stat(path)).size).toBe(bytes);
  });

  test('a question that no dataset declares', async () => {
    const rows = await client.fetch({ source: 'lake', path: 'words.csv' }, { as: 'rows', columns: ['word'] });
    expect(wordsOf(rows)).toEqual(['one', 'two', 'three']);
    expect(await client.fetch({ source: 'lake', path: 'words.csv' }, { as: 'rows', columns: ['word'] })).toBe(rows);
  });

  test('batches, in bounded memory, all of one generation', async () => {
    let rows = 0;
    let sum = 0n;
    for await (const batch of client.fetchBatches('many', { as: 'rows' })) {
      rows += batch.length;
      for (const { n } of batch) sum += n as bigint;
    }
    expect({ rows, sum }).toEqual({ rows: 50_000, sum: 1_249_975_000n });
    let windowed = 0;
    for await (const batch of client.fetchBatches('many', { limit: 10, offset: 49_995 })) windowed += batch.numRows;
    expect(windowed).toBe(5);
  });
});

describe('an entry at hand', () => {
  test('is the same object while it is right, without a byte of rows, and another one after the source moved', async () => {
    const infos: AnswerInfo[] = [];
    const onAnswer = (info: AnswerInfo): void => void infos.push(info);
    const first = await client.fetch('words', { as: 'rows', onAnswer });
    const before = received;
    expect(await client.fetch('words', { as: 'rows', onAnswer })).toBe(first);
    expect(received).toBe(before);
    await stage.writeWords('four', 'five');
    const moved = await client.fetch('words', { as: 'rows', onAnswer });
    expect(wordsOf(moved)).toEqual(['four', 'five']);
    expect(infos.map(({ from, verified }) => `${from} ${verified}`)).toEqual([
      'server true',
      'memory true',
      'server true',
    ]);
    expect(infos[1]?.cacheStatus).toContain('revalidated');
  });

  test('is dropped by an invalidation through this client, and loaded again where it was a hard one', async () => {
    const infos: AnswerInfo[] = [];
    const before = await client.fetch('words', { as: 'rows' });
    await client.invalidate({ dataset: 'words' }, 'hard');
    const after = await client.fetch('words', { as: 'rows', maxAge: 3600, onAnswer: (info) => infos.push(info) });
    expect(after).not.toBe(before);
    expect(after).toEqual(before);
    expect(infos).toMatchObject([{ from: 'server', verified: true }]);
  });

  test('is on a disk that another process reads too, and heals where that was damaged', async () => {
    const directory = join(folder, 'cache');
    const script = join(folder, 'reader.mjs');
    const entry = new URL('packages/client/dist/index.js', `file://${REPOSITORY}`).href;
    await writeFile(
      script,
      `import { Parqueue } from ${JSON.stringify(entry)};
const [url, directory] = process.argv.slice(2);
const client = new Parqueue({ url, cache: { disk: { directory, bytes: 1e7 } } });
const rows = await client.fetch('words', { as: 'rows', onAnswer: ({ from }) => console.log(from) });
console.log(rows.map(({ word }) => word).join());
`,
    );
    const read = async (): Promise<string> => (await run(process.execPath, [script, stage.url, directory])).stdout;
    expect(await read()).toBe('server\nfour,five\n');
    expect(await read()).toBe('disk\nfour,five\n');
    const [data = ''] = (await readdir(join(directory, 'v1'))).filter((name) => name.endsWith('.data'));
    const path = join(directory, 'v1', data);
    const bytes = await readFile(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await writeFile(path, bytes);
    expect(await read()).toBe('server\nfour,five\n');
    expect(await read()).toBe('disk\nfour,five\n');
  });
});

describe('a path on the mount', () => {
  test("is the store's own file, pinned while the head moves on", async () => {
    const stored = await client.fetch('words', { as: 'bytes' });
    await using pinned = await client.fetch('words', { as: 'path', pinSeconds: 60 });
    expect(pinned.path.startsWith(join(stage.base, 'store'))).toBe(true);
    await stage.writeWords('six');
    expect(wordsOf(await client.fetch('words', { as: 'rows' }))).toEqual(['six']);
    expect(Buffer.compare(await readFile(pinned.path), stored)).toBe(0);
    expect(pinned.signal.aborted).toBe(false);
    await pinned.release();
    await pinned.release();
  });

  test('that is lost by a purge tells its reader', async () => {
    await using pinned = await client.fetch('words', { as: 'path', pinSeconds: 5 });
    const lost = new Promise((resolve) => pinned.signal.addEventListener('abort', resolve));
    await client.invalidate({ dataset: 'words' }, 'purge');
    await lost;
  });

  test('is refused where nothing, or another store, is mounted', async () => {
    const codeOf = async (mount: string | undefined): Promise<string> => {
      const other = new Parqueue({ url: stage.url, ...(mount === undefined ? {} : { mount }) });
      const error: unknown = await other.fetch('words', { as: 'path' }).catch((reason: unknown) => reason);
      return isParqueueHttpError(error) ? error.code : String(error);
    };
    expect(await codeOf(undefined)).toBe('NOT_MOUNTED');
    expect(await codeOf(folder)).toBe('NOT_MOUNTED');
    await writeFile(join(folder, 'parqueue.json'), JSON.stringify({ storeFormat: 1, storeId: '0'.repeat(32) }));
    expect(await codeOf(folder)).toBe('NOT_MOUNTED');
  });
});

describe('a caller who leaves', () => {
  test('while the source is loaded stops waiting', async () => {
    const controller = new AbortController();
    const told: Progress[] = [];
    const impatient = new Parqueue({ url: stage.url, waitSeconds: 0 });
    await stage.writeWords('seven');
    const waiting = impatient.fetch('words', {
      signal: controller.signal,
      onProgress: (progress) => {
        told.push(progress);
        controller.abort(new Error('enough'));
      },
    });
    await expect(waiting).rejects.toThrow('enough');
    expect(told[0]?.kind).toBe('load');
  });

  test('while rows arrive ends the transfer', async () => {
    const controller = new AbortController();
    const reading = (async () => {
      for await (const batch of client.fetchBatches('many', { signal: controller.signal })) {
        expect(batch.numRows).toBeGreaterThan(0);
        controller.abort(new Error('enough'));
      }
    })();
    await reading.catch((error: unknown) => expect(String(error)).toContain('enough'));
    expect(controller.signal.aborted).toBe(true);
  });
});

test.each([
  ['table.mjs', ['words'], /rows of id, word\n.*\nthe same object\n$/],
  ['rows.mjs', ['many'], /n: 2n \}\n50000 rows\n$/],
  ['file.mjs', ['words', 'FILE'], /words-of-example\.parquet: \d+ bytes, sha256 [0-9a-f]{64}, from server\n$/],
  ['path.mjs', ['words', 'MOUNT'], /part-000\.parquet begins with PAR1 and has \d+ rows\n$/],
])('the example %s does what it says', async (name, args, expected) => {
  const given: Readonly<Record<string, string>> = {
    FILE: join(folder, 'words-of-example.parquet'),
    MOUNT: join(stage.base, 'store'),
  };
  const words = args.map((arg) => given[arg] ?? arg);
  const { stdout } = await run(process.execPath, [join(REPOSITORY, 'examples/client', name), ...words], {
    env: { ...process.env, PARQUEUE_URL: stage.url },
  });
  expect(stdout).toMatch(expected);
});

test('no server is a coded error at once', async () => {
  const nowhere = new Parqueue({ url: 'http://127.0.0.1:1' });
  await expect(nowhere.fetch('words')).rejects.toMatchObject({ code: 'UNREACHABLE', retryable: true });
});

test('importing the package loads no other module: neither of npm nor of Node', async () => {
  const script = `
const before = new Set(process.moduleLoadList);
await import(${JSON.stringify(new URL('packages/client/dist/index.js', `file://${REPOSITORY}`).href)});
console.log(JSON.stringify(process.moduleLoadList.filter((name) => !before.has(name))));`;
  const hook = `import { register } from 'node:module'; import { writeSync } from 'node:fs';
register('data:text/javascript,' + encodeURIComponent('import{writeSync}from"node:fs";export async function load(u,c,n){writeSync(2,u+"\\\\n");return n(u,c)}'), import.meta.url);`;
  const { stderr } = await run(process.execPath, [
    '--import',
    `data:text/javascript,${encodeURIComponent(hook)}`,
    '--input-type=module',
    '--eval',
    script,
  ]);
  const loaded = stderr.split('\n').filter((line) => /^(file|node):/.test(line));
  expect(loaded.length).toBeGreaterThan(5);
  expect(loaded.filter((url) => !/\/packages\/client\/dist\/|\[eval/.test(url))).toEqual([]);
});
