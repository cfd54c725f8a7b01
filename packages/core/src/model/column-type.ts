/**
 * The types that `columns:` may declare, in one spelling each (I1). The canonical names are SQL's, as DuckDB
 * understands them; sources translate them to what they decode into.
 */
export const PLAIN_COLUMN_TYPES = [
  'boolean',
  'tinyint',
  'smallint',
  'integer',
  'bigint',
  'utinyint',
  'usmallint',
  'uinteger',
  'ubigint',
  'real',
  'double',
  'varchar',
  'blob',
  'date',
  'time',
  'timestamp',
  'timestamptz',
] as const;

/** int8 is left out on purpose: eight bits to some, eight bytes to others. */
const ALIASES: Readonly<Record<string, (typeof PLAIN_COLUMN_TYPES)[number]>> = {
  bool: 'boolean',
  int: 'integer',
  int16: 'smallint',
  int32: 'integer',
  int64: 'bigint',
  long: 'bigint',
  float: 'real',
  float32: 'real',
  float64: 'double',
  'double precision': 'double',
  text: 'varchar',
  string: 'varchar',
  utf8: 'varchar',
  binary: 'blob',
  bytes: 'blob',
  bytea: 'blob',
  'timestamp with time zone': 'timestamptz',
};

const DECIMAL = /^(?:decimal|numeric) ?\( ?([0-9]{1,2})(?: ?, ?([0-9]{1,2}))? ?\)$/;
/** What a 128-bit decimal holds. */
const DECIMAL_DIGITS_MAX = 38;

/** The canonical name, such as `decimal(18,2)` for `NUMERIC(18, 2)`; null where it is no known type. */
export function canonicalColumnType(text: string): string | null {
  const words = text.trim().toLowerCase().replace(/\s+/g, ' ');
  const plain = PLAIN_COLUMN_TYPES.find((type) => type === words);
  if (plain !== undefined) return plain;
  if (Object.hasOwn(ALIASES, words)) return ALIASES[words] ?? null;
  const decimal = DECIMAL.exec(words);
  if (decimal === null) return null;
  const [digits, scale] = [Number(decimal[1]), Number(decimal[2] ?? 0)];
  return digits >= 1 && digits <= DECIMAL_DIGITS_MAX && scale <= digits ? `decimal(${digits},${scale})` : null;
}
