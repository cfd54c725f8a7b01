/**
 * Rows that are taken from the driver are those that it would have given, and become the same columns: whatever their values are, wherever
 * packets end, and with values left out that are those of the row before.
 */
import { createHash } from 'node:crypto';
import { scriptedEngine, startOracleServer, type Column, type OraType, type Value } from '@parqueue/oracle-server';
import { Table, tableToIPC } from 'apache-arrow';
import oracledb, { type Connection } from 'oracledb';
import { describe, expect, it } from 'vitest';
import { batchesOf, type RowChunk } from '../../parquet/row-appender.ts';
import type { Chunk } from '../sql/wire/fields.ts';
import { planColumns, type LoadPlan } from '../sql/column-plan.ts';
import { DRIVER_VERSION, isAsDeclared, protocolOf, type DriverBuffer, type DriverMessage } from './driver-internals.ts';
import { fetchTypeHandler } from './fetch-types.ts';
import { CutChunk, cutRows } from './row-cutter.ts';
import { ORACLE_PLANS } from './type-system.ts';
import type { DescribedColumn } from './types.ts';

const ROWS = 1700;

const column = (name: string, type: OraType): Column => ({ name, type, nullable: true });
const number = (name: string, precision: number | null, scale = 0): Column =>
  column(name, { kind: 'NUMBER', precision, scale });

const COLUMNS: readonly Column[] = [
  number('N9', 9),
  number('N18', 18),
  number('N38', 38),
  number('N12_2', 12, 2),
  number('N38_10', 38, 10),
  number('N9_3', 9, 3),
  number('N7_2000', 7, -2),
  number('OPEN', null),
  column('V', { kind: 'VARCHAR2', chars: 4000 }),
  column('NV', { kind: 'NVARCHAR2', chars: 400 }),
  column('C', { kind: 'CHAR', chars: 6 }),
  column('R', { kind: 'RAW', bytes: 300 }),
  column('BD', { kind: 'BINARY_DOUBLE' }),
  column('BF', { kind: 'BINARY_FLOAT' }),
  column('DS', { kind: 'INTERVAL DAY TO SECOND', leading: 5, fraction: 9 }),
  column('YM', { kind: 'INTERVAL YEAR TO MONTH', leading: 5 }),
];

/** The same in every run. */
function* chances(): Generator<number, never, undefined> {
  let state = 20_261_123;
  for (;;) {
    state = (state * 48_271) % (2 ** 31 - 1);
    yield state;
  }
}
const chance = chances();
const below = (limit: number): number => chance.next().value % limit;
const digits = (most: number): string =>
  Array.from({ length: 1 + below(most) }, () => String(below(10)))
    .join('')
    .replace(/^0+(?=.)/, '');
const signed = (text: string): string => (/^[0.]*$/.test(text) || below(2) === 0 ? text : `-${text}`);
const decimal = (whole: number, fraction: number): string =>
  signed(`${digits(whole)}${fraction === 0 || below(3) === 0 ? '' : `.${digits(fraction)}`}`);

const SPECIAL = ['0', '1', '-1', '0.1', '-0.1', '100', '-100', '99', '-99', '1e100', '-1e-100', '0.000001'];
const TEXTS = ['a', 'plain', 'žluťoučký', '𝕏 pair', 'x'.repeat(252), 'y'.repeat(253), 'ž'.repeat(900), ' ', '0'];

function valueOf({ name }: Column): Value {
  if (below(6) === 0) return null;
  switch (name) {
    case 'N9':
      return decimal(9, 0);
    case 'N18':
      return decimal(18, 0);
    case 'N38':
      return decimal(38, 0);
    case 'N12_2':
      return decimal(10, 2);
    case 'N38_10':
      return decimal(28, 10);
    case 'N9_3':
      return decimal(6, 3);
    case 'N7_2000':
      return signed(`${digits(7)}00`);
    case 'OPEN':
      return below(3) === 0 ? (SPECIAL[below(SPECIAL.length)] ?? null) : decimal(20, 20);
    case 'R':
      return Buffer.alloc(1 + below(299), below(256));
    case 'C':
      return 'ab    ';
    case 'BD':
      return [0, -0, 1.5, -1e300, Infinity, Number.NaN][below(6)] ?? null;
    case 'BF':
      return [0, 1.5, -0.25, -Infinity][below(4)] ?? null;
    case 'DS':
      return { days: below(900), hours: below(24), minutes: below(60), seconds: below(60), nanos: below(1e9) };
    case 'YM':
      return { years: below(900), months: below(12) };
    default:
      return TEXTS[below(name === 'NV' ? 4 : TEXTS.length)] ?? null;
  }
}

/** Every third row differs from the one above in one column only. */
const CYCLE: readonly (readonly Value[])[] = (() => {
  const rows: (readonly Value[])[] = [];
  for (let row = 0; row < ROWS; row += 1) {
    const above = rows.at(-1);
    const changed = below(COLUMNS.length);
    rows.push(
      COLUMNS.map((one, at) =>
        above !== undefined && row % 3 !== 0 && at !== changed ? (above[at] ?? null) : valueOf(one),
      ),
    );
  }
  return rows;
})();

interface Wire {
  readonly sdu: number;
  readonly bitVectors: boolean;
  readonly fetchRows: number;
}

async function onServer<T>(
  { sdu, bitVectors }: Pick<Wire, 'sdu' | 'bitVectors'>,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const engine = scriptedEngine({ answers: [{ statements: () => true, columns: COLUMNS, rows: ROWS, cycle: CYCLE }] });
  await using server = await startOracleServer({ engine, users: { APP: 'secret' }, service: 'PARQ', sdu, bitVectors });
  const { connectString } = server;
  const connection = await oracledb.getConnection({ user: 'APP', password: 'secret', connectString });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

function planOf(described: readonly DescribedColumn[]): LoadPlan {
  return planColumns(described, { columns: null, columnTypes: {}, numbers: 'double' }, ORACLE_PLANS);
}

async function fetched(connection: Connection, fetchRows: number, cut: boolean): Promise<readonly Chunk[]> {
  const { metaData = [] } = await connection.getStatementInfo('SELECT * FROM T');
  const statement = cut ? cutRows(connection, planOf(metaData).wires) : null;
  if (cut) expect(statement).not.toBe(null);
  const { resultSet } = await connection.execute<unknown[]>(
    'SELECT * FROM T',
    {},
    { resultSet: true, fetchTypeHandler, prefetchRows: fetchRows, fetchArraySize: fetchRows },
  );
  if (resultSet === undefined) throw new Error('no result set');
  statement?.attach(resultSet);
  const chunks: Chunk[] = [];
  for (;;) {
    const rows = await resultSet.getRows(fetchRows);
    if (rows.length === 0) break;
    const [first]: readonly unknown[] = rows;
    chunks.push(first instanceof CutChunk ? first : rows);
  }
  await resultSet.close();
  statement?.end();
  return chunks;
}

/** Of the columns that come out, and what was rounded. */
async function columnsOf(connection: Connection, chunks: readonly Chunk[]): Promise<unknown> {
  const { metaData = [] } = await connection.getStatementInfo('SELECT * FROM T');
  const plan = planOf(metaData);
  const taken = chunks.flatMap((chunk): RowChunk[] => {
    if ('pieces' in chunk) return chunk.pieces.map((rows) => plan.columnsOf(rows));
    plan.convertRows(chunk);
    return [chunk];
  });
  const hashes: string[] = [];
  for await (const batch of batchesOf(plan.columns, taken))
    hashes.push(
      createHash('sha256')
        .update(tableToIPC(new Table([batch])))
        .digest('hex'),
    );
  return { hashes, rounded: plan.rounded() };
}

describe('rows that are taken from the driver', () => {
  it.each<Wire>([
    { sdu: 2_097_152, bitVectors: false, fetchRows: 1000 },
    { sdu: 8192, bitVectors: false, fetchRows: 1000 },
    { sdu: 512, bitVectors: false, fetchRows: 700 },
    { sdu: 2_097_152, bitVectors: true, fetchRows: 1000 },
    { sdu: 8192, bitVectors: true, fetchRows: 7 },
    { sdu: 512, bitVectors: true, fetchRows: 1000 },
  ])('are those that it gives, value by value and as columns: %o', async ({ sdu, bitVectors, fetchRows }) => {
    await onServer({ sdu, bitVectors }, async (connection) => {
      const own = await fetched(connection, fetchRows, false);
      const cut = await fetched(connection, fetchRows, true);
      expect(cut.every((chunk) => 'pieces' in chunk)).toBe(true);
      const rows = (chunk: Chunk): readonly unknown[][] =>
        'pieces' in chunk ? chunk.pieces.flatMap((piece) => piece.arrays()) : chunk;
      expect(cut.flatMap(rows)).toEqual(own.flatMap(rows));
      expect(await columnsOf(connection, cut)).toEqual(await columnsOf(connection, own));
    });
  });

  it('count what they hold, not what was sent: a value that is left out takes as much room in its column', async () => {
    const bytesOf = async (bitVectors: boolean): Promise<readonly unknown[]> =>
      await onServer({ sdu: 8192, bitVectors }, async (connection) => {
        const chunks = await fetched(connection, 1000, true);
        return chunks.map((chunk) => ('pieces' in chunk ? chunk.pieces.map(({ wireBytes }) => wireBytes) : null));
      });
    expect(await bytesOf(true)).toEqual(await bytesOf(false));
  });

  it('leave the connection as it was: what it runs next is the driver’s own', async () => {
    await onServer({ sdu: 8192, bitVectors: false }, async (connection) => {
      await fetched(connection, 1000, true);
      const after = await fetched(connection, 1000, false);
      expect(after.some((chunk) => 'pieces' in chunk)).toBe(false);
    });
  });

  it('are not taken from a driver of another version, or one that looks otherwise inside', async () => {
    await onServer({ sdu: 8192, bitVectors: false }, async (connection) => {
      expect(protocolOf(connection)).not.toBe(null);
      expect(protocolOf(connection, '26.0.1')).toBe(null);
      expect(protocolOf({} as Connection)).toBe(null);
    });
  });

  it('fail the load where the driver has no packet by its name: the next one would be taken for the one before', async () => {
    await onServer({ sdu: 512, bitVectors: false }, async (connection) => {
      const buffer = Reflect.get(protocolOf(connection) ?? {}, 'readBuf') as object;
      const packets: unknown[] = [];
      const set = (packet: unknown): void => {
        packets.push(packet);
      };
      Object.defineProperty(buffer, 'packet', { get: () => undefined, set });
      await expect(fetched(connection, 1000, true)).rejects.toMatchObject({
        code: 'PQ_INTERNAL',
        message: 'the driver’s rows are not where they were',
      });
      expect(packets).not.toEqual([]);
    });
  });

  it.each<readonly [string, object, object]>([
    ['no statement', { statement: undefined }, {}],
    ['no count of rows', { statement: { bufferRowIndex: 0, queryVars: [] } }, {}],
    ['no variables', { statement: { bufferRowCount: 0, bufferRowIndex: 0 } }, {}],
    ['no row', { rowIndex: undefined }, {}],
    ['another bit vector', { bitVector: [255] }, {}],
    ['no place', {}, { pos: undefined }],
    ['a place after the end', {}, { pos: 513 }],
    ['no size', {}, { size: undefined }],
    ['another size', {}, { size: 511 }],
    ['no packet', {}, { packet: undefined }],
    ['the packet of another', {}, { packet: { buf: Buffer.alloc(512) } }],
  ])('are known by what they are taken by: %s', (_, message, buffer) => {
    const buf = Buffer.alloc(512);
    const knownMessage = { statement: { bufferRowCount: 0, bufferRowIndex: 0, queryVars: [] }, rowIndex: 0 };
    const knownBuffer = { buf, pos: 10, size: 512, packet: { buf } };
    const known = (spoiledMessage: object, spoiledBuffer: object): boolean =>
      isAsDeclared(
        Object.assign(Object.create(null) as DriverMessage, knownMessage, spoiledMessage),
        Object.assign(Object.create(null) as DriverBuffer, knownBuffer, spoiledBuffer),
      );
    expect(known({}, {})).toBe(true);
    expect(known(message, buffer)).toBe(false);
  });

  it('are taken from the driver that is installed', () => {
    expect(oracledb.versionString).toBe(DRIVER_VERSION);
  });

  it('of a type that was not described are refused as a table that was altered, never read as another type', async () => {
    await onServer({ sdu: 8192, bitVectors: false }, async (connection) => {
      const { metaData = [] } = await connection.getStatementInfo('SELECT * FROM T');
      const statement = cutRows(connection, [...planOf(metaData).wires].reverse());
      await expect(
        connection.execute('SELECT * FROM T', {}, { resultSet: true, fetchTypeHandler, prefetchRows: 10 }),
      ).rejects.toMatchObject({ code: 'PQ_SOURCE_UNSTABLE' });
      statement?.end();
    });
  });
});
