/**
 * What a table's rows come to: their count, and the sum of a 64-bit hash of each row, whatever the order of the rows.
 * One aggregate query over all columns, which the server answers with one row.
 *
 * A row is hashed as one text that no other row of the table has (docs/adr/0022): first what has no comma in it
 * (numbers, times, lengths, hashes of long values), each ended by a comma, then the bytes of texts, one after the other,
 * as long as the lengths said. NULL is an N in the first half and an N of one byte in the second; no number is an N. The
 * hashes are summed, because an XOR would not see rows that come and go in pairs.
 *
 * Nothing depends on a session's settings: no literal with a backslash, no empty one, no operator that a mode changes,
 * texts as the bytes that are stored. A hash that cannot be had (a row longer than max_allowed_packet) is found out.
 */
import { createHash } from 'node:crypto';
import { quotedName } from './query.ts';

/** A column as information_schema.COLUMNS has it. */
export interface ColumnDefinition {
  readonly name: string;
  /** Lower case, without length: `varchar`. */
  readonly dataType: string;
  readonly nullable: boolean;
  /** Of a text or a binary column; null for others. */
  readonly octetsMax: number | null;
}

export interface TableRows {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly ColumnDefinition[];
  /** A versioned table whose time columns are in no dictionary: rows that were rewritten as they were have another time. */
  readonly hiddenTimes: boolean;
}

export interface Checksum {
  readonly count: string;
  /** 16 hexadecimal digits. */
  readonly digest: string;
}

/** How a column is written into the text of its row: without a comma, or also as bytes of a length. */
type Encoding = 'text' | 'instant' | 'converted' | 'double' | 'ordinal' | 'bytes' | 'hashed';

const ENCODINGS: ReadonlyMap<string, Encoding> = new Map(
  Object.entries({
    text: ['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal', 'date', 'time', 'datetime', 'year'],
    // By any clock with summer time, two instants have one text.
    instant: ['timestamp'],
    // Mixed with a text they would make a value of their own type out of it.
    converted: ['uuid', 'inet4', 'inet6'],
    // As they are they are written with 6 digits, or with those that a column of fixed decimals shows.
    double: ['float', 'double'],
    // ENUM and SET by number: an ENUM has two members with the text of its error value.
    ordinal: ['bit', 'enum', 'set'],
    bytes: ['char', 'varchar', 'binary', 'varbinary', 'tinytext', 'tinyblob', 'text', 'blob'],
    hashed: [
      ...['mediumtext', 'longtext', 'mediumblob', 'longblob', 'json', 'vector'],
      ...['geometry', 'point', 'linestring', 'polygon', 'multipoint', 'multilinestring', 'multipolygon'],
      ...['geometrycollection', 'geomcollection'],
    ],
  } satisfies Record<Encoding, readonly string[]>).flatMap(([encoding, types]) =>
    types.map((type) => [type, encoding as Encoding] as const),
  ),
);

/** Bytes of a row that are hashed as they are; far below max_allowed_packet as servers have it (16 MB and more). */
const ROW_BYTES_MAX = 2 ** 19;

/** Summed in place of a hash that is NULL; no sum of 64-bit numbers comes near it. */
const NO_HASH = 10n ** 40n;

/** The columns whose type nobody here knows how to write. */
export function unknownColumns(columns: readonly ColumnDefinition[]): readonly ColumnDefinition[] {
  return columns.filter(({ dataType }) => !ENCODINGS.has(dataType));
}

export function checksumStatement({ schema, name, columns, hiddenTimes }: TableRows): string {
  const plain: string[] = hiddenTimes ? [inPlace('ROW_START', 'ROW_START', true)] : [];
  const bodies: string[] = [];
  let bytes = 0;
  for (const column of columns) {
    const { nullable } = column;
    const quoted = quotedName(column.name);
    const encoding = encodingOf(column, bytes);
    switch (encoding) {
      case 'text':
        plain.push(nullable ? `IFNULL(${quoted},'N')` : quoted);
        break;
      case 'instant':
        plain.push(inPlace(quoted, `UNIX_TIMESTAMP(${quoted})`, nullable));
        break;
      case 'converted':
        plain.push(inPlace(quoted, `CAST(${quoted} AS CHAR)`, nullable));
        break;
      case 'double':
        plain.push(inPlace(quoted, `${quoted}*1e0`, nullable));
        break;
      case 'ordinal':
        plain.push(inPlace(quoted, `CAST(${quoted} AS UNSIGNED)`, nullable));
        break;
      case 'hashed':
        plain.push(inPlace(quoted, `SHA2(${hashedText(column)},256)`, nullable));
        break;
      case 'bytes':
        bytes += column.octetsMax ?? 0;
        plain.push(inPlace(quoted, `LENGTH(${quoted})`, nullable));
        bodies.push(inPlace(quoted, `CAST(${quoted} AS BINARY)`, nullable));
    }
  }
  const row = `CONCAT(${[...plain.flatMap((part) => [part, "','"]), ...bodies].join(',')})`;
  const hash = `CAST(IFNULL(CONV(LEFT(SHA2(${row},256),16),16,10),'${NO_HASH}') AS DECIMAL(41,0))`;
  return `SELECT COUNT(*),SUM(${hash}) FROM ${quotedName(schema)}.${quotedName(name)}`;
}

/** null: rows have no hash. `row`: the answer to checksumStatement. */
export function checksumOf([count, sum]: readonly (string | null)[]): Checksum | null {
  if (count === undefined || count === null) return null;
  const total = BigInt(sum ?? '0');
  if (total >= NO_HASH) return null;
  return { count, digest: (total % 2n ** 64n).toString(16).padStart(16, '0') };
}

/** A digest of whatever definitions are given, short enough to be read. */
export function definitionDigest(definitions: unknown): string {
  return createHash('sha256').update(JSON.stringify(definitions)).digest('hex').slice(0, 12);
}

function encodingOf({ dataType, octetsMax }: ColumnDefinition, bytesBefore: number): Encoding {
  const encoding = ENCODINGS.get(dataType) ?? 'hashed';
  if (encoding !== 'bytes') return encoding;
  return bytesBefore + (octetsMax ?? ROW_BYTES_MAX) > ROW_BYTES_MAX ? 'hashed' : 'bytes';
}

/** An expression that is NULL for another reason makes the row's hash NULL, which is found out; not so with IFNULL. */
function inPlace(quoted: string, expression: string, nullable: boolean): string {
  return nullable ? `IF(${quoted} IS NULL,'N',${expression})` : expression;
}

/** Of MySQL's own JSON, which is stored as no text: the text that would be loaded. */
function hashedText({ name, dataType }: ColumnDefinition): string {
  return dataType === 'json' ? `CAST(${quotedName(name)} AS CHAR)` : quotedName(name);
}
