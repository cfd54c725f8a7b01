/** The file source on real files: formats, limits, errors, and what it leaves behind. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CanonicalRequest } from '../../model/request.ts';
import type { Extract, Source } from '../../ports/source.ts';
import { fileRequest } from '../../testing/file-request.ts';
import { sourceContext } from '../../testing/source-contract.ts';
import { openFileSource } from './index.ts';

let base: string;
let source: Source;
let hashes: string[];

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'pq-file-source-'));
  await mkdir(join(base, 'root'));
  await mkdir(join(base, 'out'));
  hashes = [];
  source = await openFileSource({
    root: join(base, 'root'),
    scratch: join(base, 'scratch'),
    duckdb: { memoryLimit: '384MB', threads: 2 },
    onHash: (path) => hashes.push(path),
  });
});

afterEach(async () => {
  await source[Symbol.asyncDispose]();
  await rm(base, { recursive: true });
});

async function write(name: string, content: string | Uint8Array): Promise<void> {
  await writeFile(join(base, 'root', name), content);
}

async function extract(request: CanonicalRequest, context = sourceContext(), name = 'part.parquet'): Promise<Extract> {
  await using snapshot = await source.open(request, context);
  return await snapshot.extract({ path: join(base, 'out', name) });
}

async function query(sql: string): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function rowsOf(name = 'part.parquet'): Promise<unknown[][]> {
  return query(`SELECT * FROM '${join(base, 'out', name)}'`);
}

async function leftovers(): Promise<string[]> {
  return [...(await readdir(join(base, 'out'))), ...(await readdir(join(base, 'scratch')))];
}

function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe('CSV', () => {
  it('gives typed columns, and the hash of its bytes as version', async () => {
    const text =
      'id,name,price,day,at,flag\n1,Ärger,1.5,2024-02-29,2024-02-29 10:00:00.123,true\n2,"a ""b"", c",,,,false\n';
    await write('a.csv', text);
    const result = await extract(fileRequest('a.csv'));
    expect(result.version).toBe(`checksum:sha256:${sha256(text)}`);
    expect(result.rows).toBe(2);
    expect(result.sha256).toBe(sha256(await readFile(join(base, 'out', 'part.parquet'))));
    expect(result.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'id int64',
      'name utf8',
      'price float64',
      'day date32',
      'at timestamp[us]',
      'flag bool',
    ]);
    expect(await rowsOf()).toEqual([
      ['1', 'Ärger', 1.5, '2024-02-29', '2024-02-29 10:00:00.123', true],
      ['2', 'a "b", c', null, null, null, false],
    ]);
    expect(await readdir(join(base, 'scratch'))).toEqual([]);
  });

  it('keeps as text whatever a number would change', async () => {
    await write(
      'a.csv',
      'zip,big,long,plus,mixed,dec\n00123,12345678901234567890,0.12345678901234567890,+1,1,1.10\n00456,1,1,2,x,2.20\n',
    );
    const result = await extract(fileRequest('a.csv'));
    expect(result.columns.map(({ type }) => type)).toEqual(['utf8', 'utf8', 'utf8', 'utf8', 'utf8', 'float64']);
    expect(await rowsOf()).toEqual([
      ['00123', '12345678901234567890', '0.12345678901234567890', '+1', '1', 1.1],
      ['00456', '1', '1', '2', 'x', 2.2],
    ]);
  });

  it('looks at all rows before it decides on a type', async () => {
    await write('a.csv', `n\n${'1\n'.repeat(50_000)}x\n`);
    expect((await extract(fileRequest('a.csv'))).columns[0]?.type).toBe('utf8');
  });

  it('decides on types by all rows where the beginning misleads', async () => {
    const lines = Array.from({ length: 30_000 }, (_, i) => `${i},,,,${i % 2 === 0 ? 'true' : 'false'},2024-01-01`);
    const last = '30000,7,,"",yes,2024-01-01 10:00:00.5';
    await write('a.csv', `id,late,none,empty,flag,day\n${lines.join('\n')}\n${last}\n1.5,8,,,,\n`);
    const result = await extract(fileRequest('a.csv'));
    expect(result.columns.map(({ name, type, sourceType }) => `${name} ${type} ${sourceType}`)).toEqual([
      'id float64 csv:DOUBLE',
      'late int64 csv:BIGINT',
      'none utf8 csv:VARCHAR',
      'empty utf8 csv:VARCHAR',
      'flag utf8 csv:VARCHAR',
      'day utf8 csv:VARCHAR',
    ]);
    expect(result.rows).toBe(30_002);
    expect((await rowsOf()).slice(-2)).toEqual([
      [30_000, '7', null, '', 'yes', '2024-01-01 10:00:00.5'],
      [1.5, '8', null, null, null, null],
    ]);
    expect(await readdir(join(base, 'scratch'))).toEqual([]);
  });

  it('keeps numbers as texts where a double would hold another one', async () => {
    await write(
      'a.csv',
      'digits,spaced,code,small,point,e\n1.5,1.5,1.5,0.5,.5,1.5e-7\n12345678901234567, 2,1e5,0.30000000000000004,-5.,1e-05\n',
    );
    const result = await extract(fileRequest('a.csv'));
    expect(result.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'digits utf8',
      'spaced utf8',
      'code utf8',
      'small float64',
      'point float64',
      'e float64',
    ]);
    expect((await rowsOf())[1]).toEqual(['12345678901234567', ' 2', '1e5', 0.30000000000000004, -5, 0.00001]);
  });

  it('tells an empty text from no value', async () => {
    await write('a.csv', 'id,t\n1,\n2,""\n');
    await extract(fileRequest('a.csv'));
    expect(await rowsOf()).toEqual([
      ['1', null],
      ['2', ''],
    ]);
  });

  it('reads a byte order mark, CRLF, other delimiters and files without header', async () => {
    await write('a.csv', '\ufeffid;name\r\n1;x\r\n2;"y;z"\r\n');
    await extract(fileRequest('a.csv'));
    expect(await rowsOf()).toEqual([
      ['1', 'x'],
      ['2', 'y;z'],
    ]);
    await write('b.csv', '1\tx\n2\ty\n');
    expect((await extract(fileRequest('b.csv'), sourceContext(), 'b')).columns.map(({ name }) => name)).toEqual([
      'column1',
      'column2',
    ]);
    expect(await query(`select * from read_parquet('${join(base, 'out', 'b')}')`)).toEqual([
      ['1', 'x'],
      ['2', 'y'],
    ]);
  });

  it('makes an empty Parquet file with its columns of a header without rows', async () => {
    await write('a.csv', 'a,b');
    const result = await extract(fileRequest('a.csv', { columnTypes: { a: 'int64' } }));
    expect(result.rows).toBe(0);
    expect(result.columns.map(({ name, type }) => `${name} ${type}`)).toEqual(['a int64', 'b utf8']);
    expect(await rowsOf()).toEqual([]);
  });

  it('keeps columns of one name apart', async () => {
    await write('a.csv', 'a,A,a,\n1,2,3,4\n');
    const result = await extract(fileRequest('a.csv'));
    expect(result.columns.map(({ name }) => name)).toEqual(['a', 'A_2', 'a_3', 'column4']);
    expect(result.columns[2]?.note).toContain('"a"');
    expect(await rowsOf()).toEqual([['1', '2', '3', '4']]);
  });

  it('reads wanted columns in the wanted order with declared types', async () => {
    await write('a.csv', 'id,amount,at,z\n7,12.50,2024-01-01T10:00:00Z,q\n');
    const result = await extract(
      fileRequest('a.csv', {
        columns: ['at', 'amount', 'id'],
        columnTypes: { amount: 'decimal(18, 2)', id: 'int32', at: 'timestamp' },
      }),
    );
    expect(result.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'at timestamp[us]',
      'amount decimal128(18, 2)',
      'id int32',
    ]);
    expect(await rowsOf()).toEqual([['2024-01-01 10:00:00', '12.50', 7]]);
  });

  it('has every type that a configuration may declare', async () => {
    const columns = {
      a: 'boolean',
      b: 'tinyint',
      c: 'smallint',
      d: 'integer',
      e: 'bigint',
      f: 'utinyint',
      g: 'usmallint',
      h: 'uinteger',
      i: 'ubigint',
      j: 'real',
      k: 'double',
      l: 'varchar',
      m: 'blob',
      n: 'date',
      o: 'time',
      p: 'timestamp',
      q: 'timestamptz',
      r: 'decimal(9,2)',
    };
    await write(
      'a.csv',
      `${Object.keys(columns).join(',')}\ntrue,-1,-2,-3,-4,1,2,3,18446744073709551615,1.5,2.5,x,\\x41,2024-01-01,10:00:00.5,2024-01-01 10:00:00,2024-01-01T10:00:00+02:00,1.10\n`,
    );
    const result = await extract(fileRequest('a.csv', { columnTypes: columns }));
    expect(result.columns.map(({ type }) => type)).toEqual([
      'bool',
      'int8',
      'int16',
      'int32',
      'int64',
      'uint8',
      'uint16',
      'uint32',
      'uint64',
      'float32',
      'float64',
      'utf8',
      'binary',
      'date32',
      'time64[us]',
      'timestamp[us]',
      'timestamp[us, UTC]',
      'decimal128(9, 2)',
    ]);
    expect(
      await query(
        `SELECT i::VARCHAR, hex(m), o::VARCHAR, epoch(q), r::VARCHAR FROM '${join(base, 'out', 'part.parquet')}'`,
      ),
    ).toEqual([['18446744073709551615', '5C783431', '10:00:00.5', 1704096000, '1.10']]);
  });

  it.each([
    ['one field too few', 'a,b,c\n1,2,3\n4,5\n6,7,8\n', {}, { line: 3 }],
    ['one field too many', 'a,b\n1,2\n4,5,6\n', {}, { line: 3 }],
    ['an unclosed quote', 'a,b\n1,"x\n2,y\n', {}, { line: 2 }],
    ['text after a closing quote', 'a,b\n1,x\n2,"a"b\n', {}, { line: 3 }],
    ['no text at all', '', {}, {}],
    [
      'a word where an integer is declared',
      'id,t\n1,"x\ny"\nxx,z\n',
      { columnTypes: { id: 'int64' } },
      { line: 4, row: 2, column: 'id' },
    ],
    [
      'a fraction where an integer is declared',
      'id\n1\n2.5\n',
      { columnTypes: { id: 'int64' } },
      { line: 3, column: 'id' },
    ],
    [
      'more digits than the declared scale',
      'p\n1.23\n1.239\n',
      { columnTypes: { p: 'decimal(9,2)' } },
      { line: 3, column: 'p' },
    ],
    [
      'a time where a date is declared',
      'd\n2024-01-01 10:00:00\n',
      { columnTypes: { d: 'date' } },
      { line: 2, column: 'd' },
    ],
    [
      'an offset that a timestamp would drop',
      'd\n2024-01-01T10:00:00+02:00\n',
      { columnTypes: { d: 'timestamp' } },
      { line: 2, column: 'd' },
    ],
    ['a file of another kind', 'PAR1\u0000\u0015,x\n1,2\n', {}, {}],
    ['bytes that are not UTF-8', new Uint8Array([0x61, 10, 0x31, 0xff, 0xfe, 10]), {}, { line: 2 }],
  ])('refuses %s, naming the place, and leaves nothing behind', async (_, text, more, details) => {
    await write('a.csv', text);
    await expect(extract(fileRequest('a.csv', more))).rejects.toMatchObject({ code: 'PQ_MALFORMED_SOURCE', details });
    expect(await leftovers()).toEqual([]);
  });

  it('gives equal bytes for equal loads, whatever the number of threads', async () => {
    const lines = Array.from({ length: 300_000 }, (_, i) => `${i},name ${i % 1000},${i / 7},${i % 3 === 0 ? '' : 'x'}`);
    await write('a.csv', `id,name,score,note\n${lines.join('\n')}\n`);
    const request = fileRequest('a.csv', { parquet: { compression: 'zstd', rowGroupRows: 100_000 } });
    const sums = new Set<string>();
    for (const threads of [1, 2, 4]) {
      await using other = await openFileSource({
        root: join(base, 'root'),
        scratch: join(base, `scratch-${threads}`),
        duckdb: { memoryLimit: '384MB', threads },
      });
      await using snapshot = await other.open(request, sourceContext());
      sums.add((await snapshot.extract({ path: join(base, 'out', `p${threads}`) })).sha256);
    }
    expect(sums.size).toBe(1);
  });
});

describe('JSON and NDJSON', () => {
  it('keeps nested values, texts as texts, and rows in order', async () => {
    await write('a.ndjson', '{"a":1,"d":"2024-01-01T00:00:00+02:00","n":{"k":[1,2]}}\n{"a":2,"e":true}\n');
    const result = await extract(fileRequest('a.ndjson'));
    expect(result.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'a int64',
      'd utf8',
      'n struct<k: list<int64>>',
      'e bool',
    ]);
    expect((await rowsOf()).map((row) => row[1])).toEqual(['2024-01-01T00:00:00+02:00', null]);
  });

  it('takes every digit of a declared decimal, and refuses numbers that lost digits in a double', async () => {
    await write('a.json', '[{"a":1,"p":"12345678901234567890.12"},{"a":2,"p":"0.10"}]');
    await write('b.json', '[{"p":1.5},{"p":1234567890123456.78}]');
    await extract(fileRequest('a.json', { columnTypes: { p: 'decimal(30,2)' } }));
    expect((await rowsOf()).map((row) => row[1])).toEqual(['12345678901234567890.12', '0.10']);
    await expect(extract(fileRequest('b.json', { columnTypes: { p: 'decimal(30,2)' } }))).rejects.toMatchObject({
      code: 'PQ_VALUE_OUT_OF_RANGE',
    });
  });

  it.each([
    ['an object cut short', '{"a":1}\n{"a":2\n{"a":3}\n', { record: 2 }],
    ['a key with a NUL', '{"a\\u0000b":1}\n', {}],
  ])('refuses %s, counting as a person does', async (_, text, details) => {
    await write('a.ndjson', text);
    await expect(extract(fileRequest('a.ndjson'))).rejects.toMatchObject({ code: 'PQ_MALFORMED_SOURCE', details });
  });
});

describe('Parquet', () => {
  beforeEach(async () => {
    await query(
      `COPY (SELECT range AS id, 'n' || range AS name, range / 7 AS score FROM range(1000)) TO '${join(base, 'root', 'a.parquet')}' (FORMAT parquet)`,
    );
  });

  it('copies a file that needs no change, byte for byte', async () => {
    const bytes = await readFile(join(base, 'root', 'a.parquet'));
    const result = await extract(fileRequest('a.parquet'));
    expect(result).toMatchObject({
      rows: 1000,
      sha256: sha256(bytes),
      version: `checksum:sha256:${sha256(bytes)}`,
      details: { method: 'copy' },
    });
    expect((await readFile(join(base, 'out', 'part.parquet'))).equals(bytes)).toBe(true);
  });

  it('re-encodes where columns or types are wanted', async () => {
    const result = await extract(
      fileRequest('a.parquet', { columns: ['name', 'id'], columnTypes: { id: 'decimal(9,0)' } }),
    );
    expect(result).toMatchObject({
      rows: 1000,
      columns: [
        { name: 'name', type: 'utf8' },
        { name: 'id', type: 'decimal128(9, 0)', sourceType: 'parquet:int64' },
      ],
    });
    expect((await rowsOf())[999]).toEqual(['n999', '999']);
  });

  it('refuses a type that would change a value', async () => {
    await expect(extract(fileRequest('a.parquet', { columnTypes: { score: 'int64' } }))).rejects.toMatchObject({
      code: 'PQ_VALUE_OUT_OF_RANGE',
      details: { column: 'score', type: 'bigint' },
    });
    expect(await leftovers()).toEqual([]);
  });

  it.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length - 1)],
    ['not Parquet', () => Buffer.from('hello, world')],
    ['empty', () => Buffer.alloc(0)],
    [
      'a broken footer',
      (bytes: Buffer) => {
        const copy = Buffer.from(bytes);
        copy.fill(0xff, copy.length - 40, copy.length - 8);
        return copy;
      },
    ],
  ] as const)('refuses a file that is %s', async (_, spoil) => {
    await write('b.parquet', spoil(await readFile(join(base, 'root', 'a.parquet'))));
    await expect(extract(fileRequest('b.parquet'))).rejects.toMatchObject({ code: 'PQ_MALFORMED_SOURCE' });
    expect(await leftovers()).toEqual([]);
  });

  it('names the columns there are when another one is wanted', async () => {
    await expect(extract(fileRequest('a.parquet', { columns: ['id', 'nope'] }))).rejects.toMatchObject({
      code: 'PQ_INVALID_REQUEST',
      details: { unknown: ['nope'], available: ['id', 'name', 'score'] },
    });
  });

  it.each([
    ['rows', { rowsMax: 999 }],
    ['bytes', { bytesMax: 1000 }],
  ])('holds the limit on %s', async (limit, limits) => {
    const context = sourceContext({ limits: { rowsMax: 1e9, bytesMax: 1e12, timeoutMs: 60_000, ...limits } });
    await expect(extract(fileRequest('a.parquet'), context)).rejects.toMatchObject({
      code: 'PQ_LIMIT_EXCEEDED',
      details: { limit },
    });
    await expect(extract(fileRequest('a.parquet', { columns: ['name'] }), context)).rejects.toMatchObject({
      code: 'PQ_LIMIT_EXCEEDED',
      details: { limit },
    });
    expect(await leftovers()).toEqual([]);
  });
});

describe('the root', () => {
  it.each(['../x.csv', '/etc/passwd', 'a/../../x.csv', 'a\0.csv', './a.csv', 'a//b.csv', ''])(
    'refuses the path %j',
    async (path) => {
      await expect(source.open(fileRequest(path), sourceContext())).rejects.toMatchObject({
        code: 'PQ_INVALID_REQUEST',
      });
    },
  );

  it('refuses links that lead out, follows links that stay, refuses folders, says what is missing', async () => {
    await writeFile(join(base, 'secret.csv'), 'a\n1\n');
    await write('a.csv', 'a\n1\n');
    await symlink(join(base, 'secret.csv'), join(base, 'root', 'out.csv'));
    await symlink(base, join(base, 'root', 'dir'));
    await symlink('a.csv', join(base, 'root', 'in.csv'));
    await symlink('loop.csv', join(base, 'root', 'loop.csv'));
    await mkdir(join(base, 'root', 'folder.csv'));
    const codeOf = (path: string) =>
      extract(fileRequest(path)).then(
        () => 'ok',
        (error: { code: string }) => error.code,
      );
    expect(await codeOf('out.csv')).toBe('PQ_SOURCE_REJECTED');
    expect(await codeOf('dir/secret.csv')).toBe('PQ_SOURCE_REJECTED');
    expect(await codeOf('in.csv')).toBe('ok');
    expect(await codeOf('loop.csv')).toBe('PQ_SOURCE_REJECTED');
    expect(await codeOf('folder.csv')).toBe('PQ_SOURCE_REJECTED');
    expect(await codeOf('missing.csv')).toBe('PQ_NOT_FOUND');
    expect(await codeOf('a.csv/b.csv')).toBe('PQ_NOT_FOUND');
  });
});
