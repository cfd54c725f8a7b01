/** Whole files of each format to begin with: small, of many types, encodings and codecs, in several row groups or none. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { batchesOf, writeParquetFile, arrowSchema, type Column } from '@parqueue/core/parquet';
import { Bool, Dictionary, Field, Float64, Int32, List, Table, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import type { FileRoute } from './file-stage.ts';

export interface Specimen {
  readonly name: string;
  readonly routes: readonly FileRoute[];
  readonly bytes: Buffer;
}

const FLAT = `SELECT i AS id, 'name ' || (i % 7) AS name, i * 1.5 AS score, (i % 3 = 0) AS flag, DATE '2024-01-01' + i::INTEGER AS day,
  TIMESTAMP '2024-01-01' + INTERVAL (i) SECOND AS at, (i / 8)::DECIMAL(12, 3) AS price, CASE WHEN i % 5 = 0 THEN NULL ELSE 'text ' || i END AS note,
  (i % 100)::TINYINT AS tiny, i::UBIGINT AS big, encode('bytes ' || i) AS raw`;
const NESTED = `SELECT i AS id, [i, i + 1, NULL] AS list, {'a': i, 'b': 'x' || i, 'c': [i]} AS struct, MAP {'k' || (i % 4): i} AS map`;

/** Rows enough for three row groups of DuckDB's smallest size. */
const ROWS = 5000;

const PARQUET: Readonly<Record<string, string>> = {
  'flat, snappy, pages v1': `(${FLAT} FROM range(${ROWS}) t(i)) TO '$' (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 2048)`,
  'flat, zstd, pages v2': `(${FLAT} FROM range(${ROWS}) t(i)) TO '$' (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION V2, ROW_GROUP_SIZE 2048)`,
  'flat, without compression': `(${FLAT} FROM range(300) t(i)) TO '$' (FORMAT parquet, COMPRESSION uncompressed)`,
  'flat, gzip': `(${FLAT} FROM range(300) t(i)) TO '$' (FORMAT parquet, COMPRESSION gzip)`,
  'flat, lz4': `(${FLAT} FROM range(300) t(i)) TO '$' (FORMAT parquet, COMPRESSION lz4_raw)`,
  'flat, brotli': `(${FLAT} FROM range(300) t(i)) TO '$' (FORMAT parquet, COMPRESSION brotli)`,
  nested: `(${NESTED} FROM range(500) t(i)) TO '$' (FORMAT parquet, COMPRESSION snappy)`,
  'nested, without compression': `(${NESTED} FROM range(300) t(i)) TO '$' (FORMAT parquet, COMPRESSION uncompressed)`,
  'without rows': `(${FLAT} FROM range(0) t(i)) TO '$' (FORMAT parquet)`,
};

const COLUMNS: readonly Column[] = [
  { name: 'id', type: { kind: 'int64' }, nullable: false },
  { name: 'text', type: { kind: 'utf8' }, nullable: true },
];

export async function specimens(): Promise<readonly Specimen[]> {
  const folder = await mkdtemp(join(tmpdir(), 'parqueue-corpus-'));
  try {
    return [...(await parquetFiles(folder)), await ownParquet(folder), ...arrowFiles(), ...textFiles()];
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function parquetFiles(folder: string): Promise<readonly Specimen[]> {
  const duckdb = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await duckdb.connect();
  const found: Specimen[] = [];
  try {
    for (const [name, statement] of Object.entries(PARQUET)) {
      const path = join(folder, 'made.parquet');
      await connection.run(`COPY ${statement.replace('$', path)}`);
      found.push({ name, routes: ['decoded', 'copied'], bytes: await readFile(path) });
    }
  } finally {
    connection.closeSync();
    duckdb.closeSync();
  }
  return found;
}

async function ownParquet(folder: string): Promise<Specimen> {
  const path = join(folder, 'own.parquet');
  const rows = Array.from({ length: 3000 }, (_, i) => [BigInt(i), i % 9 === 0 ? null : `text ${i % 50}`]);
  await writeParquetFile(path, arrowSchema(COLUMNS), batchesOf(COLUMNS, [rows]), {
    parquet: { compression: 'zstd', rowGroupRows: 1000 },
    signal: new AbortController().signal,
  });
  return { name: 'of our writer', routes: ['decoded', 'copied'], bytes: await readFile(path) };
}

function arrowFiles(): readonly Specimen[] {
  const numbers = Array.from({ length: 200 }, (_, i) => i);
  const table = new Table({
    id: vectorFromArray(numbers, new Int32()),
    score: vectorFromArray(
      numbers.map((i) => (i % 4 === 0 ? null : i / 3)),
      new Float64(),
    ),
    flag: vectorFromArray(
      numbers.map((i) => i % 2 === 0),
      new Bool(),
    ),
    text: vectorFromArray(
      numbers.map((i) => (i % 5 === 0 ? null : `text ${i}`)),
      new Utf8(),
    ),
    kind: vectorFromArray(
      numbers.map((i) => `kind ${i % 3}`),
      new Dictionary(new Utf8(), new Int32()),
    ),
    list: vectorFromArray(
      numbers.map((i) => [i, i + 1]),
      new List(new Field('item', new Int32(), true)),
    ),
  });
  return (['file', 'stream'] as const).map((kind) => ({
    name: `Arrow ${kind}`,
    routes: ['arrow'],
    bytes: Buffer.from(tableToIPC(table, kind)),
  }));
}

function textFiles(): readonly Specimen[] {
  const numbers = Array.from({ length: 60 }, (_, i) => i);
  const records = numbers.map((i) => ({
    id: i,
    name: `näme, "${i}"`,
    score: i / 4,
    when: `2024-01-${String((i % 28) + 1)}`,
    nested: { a: [i] },
  }));
  const csv = records.map(({ id, name, score, when }) => `${id},"${name.replaceAll('"', '""')}",${score},${when}`);
  return [
    { name: 'CSV', routes: ['csv'], bytes: Buffer.from(`id,name,score,when\n${csv.join('\n')}\n`) },
    { name: 'CSV with CRLF and a mark', routes: ['csv'], bytes: Buffer.from(`\ufeffid;name\r\n1;"a\r\nb"\r\n2;c\r\n`) },
    {
      name: 'NDJSON',
      routes: ['ndjson'],
      bytes: Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join('')),
    },
    { name: 'JSON', routes: ['json'], bytes: Buffer.from(JSON.stringify(records)) },
  ];
}
