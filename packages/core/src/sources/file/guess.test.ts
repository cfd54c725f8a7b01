/** What is guessed from the beginning of a CSV or NDJSON: the same file, byte for byte, or the same words of what is wrong, as without. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isParqueueError, ParqueueError } from '../../model/errors.ts';
import type { CanonicalRequest } from '../../model/request.ts';
import type { SourceContext } from '../../ports/source.ts';
import { fileRequest, type FileAsk } from '../../testing/file-request.ts';
import { sourceContext } from '../../testing/source-contract.ts';
import { decodingOf } from './decode.ts';
import { openDuckDb } from './duckdb.ts';
import { openFileSource } from './index.ts';

type Format = 'csv' | 'ndjson';

const DUCKDB = { memoryLimit: '256MB', threads: 2 };
const HEAD_BYTES = 256;
/** Larger than any of the files: nothing is guessed. */
const WHOLE_BYTES = 1024 * 1024;

let base: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'pq-guess-'));
  await mkdir(join(base, 'root'));
  await mkdir(join(base, 'out'));
});

afterEach(() => rm(base, { recursive: true }));

function request(format: Format, more: FileAsk = {}): CanonicalRequest {
  return fileRequest(`a.${format}`, more);
}

async function loaded(
  asked: CanonicalRequest,
  guessFromBytes: number,
  more: Partial<SourceContext> = {},
): Promise<unknown> {
  const source = await openFileSource({
    root: join(base, 'root'),
    scratch: join(base, 'scratch'),
    duckdb: DUCKDB,
    guessFromBytes,
  });
  let begun = 0;
  try {
    await using snapshot = await source.open(asked, sourceContext({ onFirstBatch: () => void (begun += 1), ...more }));
    const extract = await snapshot.extract({ path: join(base, 'out', 'part.parquet') });
    if (more.onFirstBatch === undefined) expect(begun).toBe(1);
    return extract;
  } catch (error) {
    if (!isParqueueError(error)) throw error;
    return { code: error.code, message: error.message, details: error.details };
  } finally {
    expect(await readdir(join(base, 'scratch'))).toEqual([]);
  }
}

/** @returns what both give. */
async function sameWithAGuess(format: Format, text: string, more: FileAsk = {}): Promise<unknown> {
  await writeFile(join(base, 'root', `a.${format}`), text);
  const without = await loaded(request(format, more), WHOLE_BYTES);
  expect(await loaded(request(format, more), HEAD_BYTES)).toEqual(without);
  return without;
}

/** @returns how many records prove the guess, null where they refute it, 'none' where nothing is guessed. */
async function proof(format: Format, text: string): Promise<number | null | 'none'> {
  const path = join(base, 'root', `a.${format}`);
  await writeFile(path, text);
  const { signal } = new AbortController();
  const scratch = join(base, 'out');
  await using session = await openDuckDb(DUCKDB, { scratch, directories: [base], signal });
  const { question, ...rest } = request(format);
  if (question.kind !== 'file') throw new Error('no file');
  const plan = { path, question, request: { question, ...rest }, directories: [base], signal, scratch };
  const { guess } = await decodingOf(session, { ...plan, guessFromBytes: HEAD_BYTES });
  return guess === null ? 'none' : await guess.records(signal);
}

const LINES = 60;
const CSV_LINE = '7,1.5,true,2024-01-31,2024-01-31 10:00:00,"a ""b"", c",ü x';
const CSV = `n,d,b,day,at,t,u\n${`${CSV_LINE}\n`.repeat(LINES)}`;
const JSON_LINE = String.raw`{"n":7,"d":1.5,"b":true,"t":"a \"b\"\n","ü":"x","none":null}`;
const NDJSON = `${JSON_LINE}\n`.repeat(LINES);

describe('a CSV', () => {
  it('is guessed where it is written plainly, with and without header, BOM and last line break', async () => {
    expect(await proof('csv', CSV)).toBe(LINES);
    expect(await proof('csv', `\ufeff${CSV}`)).toBe(LINES);
    expect(await proof('csv', CSV.replaceAll('\n', '\r\n'))).toBe(LINES);
    expect(await proof('csv', CSV.slice(CSV.indexOf('\n') + 1, -1))).toBe(LINES);
    expect(await proof('csv', CSV.replaceAll('\n', '\r\n').slice(0, -2))).toBe(LINES);
    expect(await proof('csv', `n;u\n${'1,5;\n'.repeat(200)}`)).toBe('none');
    for (const text of [CSV, `\ufeff${CSV}`, CSV.replaceAll('\n', '\r\n'), CSV.slice(CSV.indexOf('\n') + 1, -1)])
      expect(await sameWithAGuess('csv', text)).toMatchObject({ rows: LINES });
  });

  it.each(['\r\n', '\r', '\n', ''])('whose last line ends with %j is what it is without a guess', async (end) => {
    for (const lineBreak of ['\n', '\r\n'])
      await sameWithAGuess('csv', `u,n${lineBreak}${`x,7${lineBreak}`.repeat(200)}y,8${end}`);
  });

  it.each([
    ['another number', '007,1.5,true,2024-01-31,2024-01-31 10:00:00,x,x'],
    ['an integer beyond 64 bits', '99999999999999999999,1.5,true,2024-01-31,2024-01-31 10:00:00,x,x'],
    ['more digits than a double has', '7,1.50000000000000001,true,2024-01-31,2024-01-31 10:00:00,x,x'],
    ['a code that looks like a number', '7,1e5,true,2024-01-31,2024-01-31 10:00:00,x,x'],
    ['another truth', '7,1.5,t,2024-01-31,2024-01-31 10:00:00,x,x'],
    ['a day that is none', '7,1.5,true,2024-02-31,2024-01-31 10:00:00,x,x'],
    ['an hour that is none', '7,1.5,true,2024-01-31,2024-01-31 25:00:00,x,x'],
    ['a quoted number', '"7",1.5,true,2024-01-31,2024-01-31 10:00:00,x,x'],
    ['a blank before a number', ' 7,1.5,true,2024-01-31,2024-01-31 10:00:00,x,x'],
    ['a field too many', `${CSV_LINE},x`],
    ['a field too few', '7,1.5'],
    ['a quote within a text', '7,1.5,true,2024-01-31,2024-01-31 10:00:00,a"b,x'],
    ['a quote that is not closed', '7,1.5,true,2024-01-31,2024-01-31 10:00:00,"a,x'],
    ['a line break in quotes', '7,1.5,true,2024-01-31,2024-01-31 10:00:00,"a\nb",x'],
    ['a line without anything', ''],
    ['nothing in any field', ',,,,,,'],
    ['other line breaks', `${CSV_LINE}\r`],
    ['bytes that a text may have', '7,1.5,true,2024-01-31,2024-01-31 10:00:00,\u0000,\u007f'],
  ])('with %s far behind its beginning is what it is without a guess', async (_, line) => {
    expect(await proof('csv', CSV)).toBe(LINES);
    await sameWithAGuess('csv', `${CSV}${line}\n${CSV_LINE}\n`);
  });

  it.each(['7,x', 'x,7', 'true,1.5', '2024-01-31,'])(
    'without a header that begins with a BOM and %s is what it is without a guess',
    async (line) => {
      await sameWithAGuess('csv', `\ufeff${`${line}\n`.repeat(100)}`);
    },
  );

  it('whose columns are seen late, or are written otherwise than most, is what it is without a guess', async () => {
    const empty = 'a,,\n'.repeat(100);
    expect(await sameWithAGuess('csv', `t,n,d\n${empty}`)).toMatchObject({
      columns: [{ sourceType: 'csv:VARCHAR' }, { sourceType: 'csv:VARCHAR' }, { sourceType: 'csv:VARCHAR' }],
    });
    expect(await sameWithAGuess('csv', `t,n,d\n${empty}a,1,0.1234567890123456789\n`)).toMatchObject({
      columns: [{ sourceType: 'csv:VARCHAR' }, { sourceType: 'csv:BIGINT' }, { sourceType: 'csv:VARCHAR' }],
    });
    expect(await sameWithAGuess('csv', `n,d\n${'1,0.8414709848078965\n-0,nan\n,True\n'.repeat(30)}`)).toMatchObject({
      columns: [{ sourceType: 'csv:DOUBLE' }, { sourceType: 'csv:VARCHAR' }],
    });
    expect(await sameWithAGuess('csv', `n,d\n${'1,0.8414709848078965\n2,.5\n'.repeat(50)}`)).toMatchObject({
      columns: [{ sourceType: 'csv:BIGINT' }, { sourceType: 'csv:DOUBLE' }],
    });
  });

  it('that is no UTF-8 far behind its beginning is refused as without a guess', async () => {
    const text = Buffer.concat([Buffer.from(CSV), Buffer.from([0x37, 0x2c, 0xff, 0x0a])]).toString('latin1');
    await writeFile(join(base, 'root', 'a.csv'), text, 'latin1');
    const without = await loaded(request('csv'), WHOLE_BYTES);
    expect(await loaded(request('csv'), HEAD_BYTES)).toEqual(without);
  });

  it('has the columns that are wanted, with the types that are declared', async () => {
    const more = { columns: ['u', 'n', 'd'], columnTypes: { n: 'varchar', d: 'decimal(5,2)' } };
    expect(await sameWithAGuess('csv', CSV, more)).toMatchObject({ rows: LINES });
  });
});

describe('an NDJSON', () => {
  it('is guessed where its lines are plain, also where keys are missing', async () => {
    expect(await proof('ndjson', NDJSON)).toBe(LINES);
    expect(await proof('ndjson', `${NDJSON}{"b":false}\r\n{}`)).toBe(LINES + 2);
    expect(await proof('ndjson', NDJSON.replaceAll(':', ': ').replaceAll(',"', ', "'))).toBe(LINES);
    expect(await proof('ndjson', '{"a":[1]}\n'.repeat(100))).toBe('none');
    expect(await sameWithAGuess('ndjson', NDJSON)).toMatchObject({ rows: LINES });
  });

  it.each([
    ['a fraction among integers', '{"n":7.5}'],
    ['an integer of 20 digits', '{"n":99999999999999999999}'],
    ['a number beyond a double', '{"d":1e999}'],
    ['a number of 2,000 digits', `{"d":0.${'1'.repeat(2000)}}`],
    ['minus zero', '{"n":-0}'],
    ['a text that is a number', '{"n":"7"}'],
    ['a number that is a text', '{"t":7}'],
    ['a truth that is a text', '{"b":"true"}'],
    ['a value where none was', '{"none":1}'],
    ['a list where a text was', '{"t":[1]}'],
    ['an object where nothing was', '{"none":{"a":1}}'],
    ['another key', '{"n":1,"new":2}'],
    ['a key of another case', '{"N":1}'],
    ['a key twice', '{"n":1,"n":2}'],
    ['keys in another order', '{"d":1,"n":2}'],
    ['a comma at its end', '{"n":1,}'],
    ['an infinity', '{"d":Infinity}'],
    ['an escape that is none', String.raw`{"t":"\q"}`],
    ['half a surrogate', String.raw`{"t":"\ud800"}`],
    ['a NUL', String.raw`{"t":"\u0000"}`],
    ['a line break in a text', '{"t":"a\nb"}'],
    ['a line without anything', ''],
    ['blanks', '{ "n" : 1 }'],
    ['a line that is no object', '[1]'],
    ['a line that is not closed', '{"n":1'],
    ['two objects', '{"n":1}{"n":2}'],
    ['100,000 brackets in a text column', `{"t":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['100,000 brackets in a number column', `{"n":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`],
  ])('with %s far behind its beginning is what it is without a guess', async (_, line) => {
    await sameWithAGuess('ndjson', `${NDJSON}${line}\n${JSON_LINE}\n`);
  });

  it('whose keys begin with a byte order mark has those keys and their values', async () => {
    const text = '{"\ufeffa":1,"a":"x"}\n'.repeat(LINES);
    expect(await proof('ndjson', text)).toBe(LINES);
    const columns = [
      { name: '\ufeffa', sourceType: 'ndjson:BIGINT' },
      { name: 'a', sourceType: 'ndjson:VARCHAR' },
    ];
    expect(await sameWithAGuess('ndjson', text)).toMatchObject({ rows: LINES, columns });
  });

  it('has the columns that are wanted, with the types that are declared', async () => {
    const more = { columns: ['t', 'n', 'd'], columnTypes: { n: 'varchar', d: 'decimal(5,2)' } };
    expect(await sameWithAGuess('ndjson', NDJSON, more)).toMatchObject({ rows: LINES });
  });
});

describe.each([
  ['csv', CSV],
  ['ndjson', NDJSON],
] as const)('a load of %s that is being guessed', (format, text) => {
  beforeEach(() => writeFile(join(base, 'root', `a.${format}`), text));

  it('ends with PQ_CANCELLED when it is aborted, and leaves nothing', async () => {
    const stop = new AbortController();
    const ended = await loaded(request(format), HEAD_BYTES, {
      signal: stop.signal,
      onFirstBatch: () => stop.abort(),
    });
    expect(ended).toMatchObject({ code: 'PQ_CANCELLED' });
    expect(await readdir(join(base, 'out'))).toEqual([]);
  });

  it('keeps its limits', async () => {
    const limits = { rowsMax: LINES - 1, bytesMax: 1e9, timeoutMs: 60_000 };
    expect(await loaded(request(format), HEAD_BYTES, { limits })).toMatchObject({
      code: 'PQ_LIMIT_EXCEEDED',
      details: { limit: 'rows' },
    });
    expect(await readdir(join(base, 'out'))).toEqual([]);
  });

  it('tells what the caller of its first rows throws', async () => {
    const refused = new ParqueueError('PQ_WORKER_CRASHED', 'no');
    const onFirstBatch = (): Promise<void> => Promise.reject(refused);
    expect(await loaded(request(format), HEAD_BYTES, { onFirstBatch })).toMatchObject({ code: 'PQ_WORKER_CRASHED' });
  });
});

const VALUES = fc.oneof(
  fc.integer().map(String),
  fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map(String),
  fc.double().map(String),
  fc.float({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom('', 'true', 'False', 'null', '-0', '1.50', '00', '1e3', '.5', '5.', '2024-02-29', '2023-02-29'),
  fc.constantFrom('2024-02-29 10:00:00', '2024-02-29T10:00:00Z', '0001-01-01', '2024-1-1', 'infinity', '"a"', '"a""b"'),
  fc.string({ maxLength: 6 }),
);

describe('any file', () => {
  it('is the same with a guess: CSV', async () => {
    const cells = fc.array(fc.array(VALUES, { minLength: 2, maxLength: 3 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        cells,
        fc.constantFrom('1,x\n', '1.5,true\n', '2024-01-01,2024-01-01 00:00:00\n'),
        async (more, line) => {
          const tail = more.map((record) => `${record.join(',')}\n`).join('');
          await sameWithAGuess('csv', `a,b\n${line.repeat(40)}${tail}`);
        },
      ),
      { numRuns: 15 },
    );
  }, 60_000);

  it('is the same with a guess, whatever its beginning: CSV', async () => {
    const cells = fc.array(fc.tuple(VALUES, VALUES, VALUES), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(cells, VALUES, async (some, last) => {
        const lines = some.map((record) => `${record.join(',')}\n`).join('');
        await sameWithAGuess('csv', `a,b,c\n${lines.repeat(200)}${last},1,x\n`);
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  it('is the same with a guess: NDJSON', async () => {
    const value = fc.oneof(
      VALUES,
      VALUES.map((text) => JSON.stringify(text)),
      fc.json({ maxDepth: 2 }),
    );
    const lines = fc.array(fc.dictionary(fc.constantFrom('a', 'b', 'c'), value, { maxKeys: 3 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        lines,
        fc.constantFrom('{"a":1,"b":"x"}\n', '{"a":1.5,"b":true}\n', '{"a":null,"b":"2024-01-01"}\n'),
        async (more, line) => {
          const tail = more
            .map(
              (object) =>
                `{${Object.entries(object)
                  .map(([key, text]) => `"${key}":${text}`)
                  .join(',')}}\n`,
            )
            .join('');
          await sameWithAGuess('ndjson', `${line.repeat(40)}${tail}`);
        },
      ),
      { numRuns: 15 },
    );
  }, 60_000);
});
