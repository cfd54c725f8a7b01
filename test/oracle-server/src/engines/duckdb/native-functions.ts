/** What DuckDB is taught: exact decimals, formats and the rest of Oracle that its SQL cannot say, as functions and macros. */
import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api';
import { DuckDBScalarFunction, HUGEINT, VARCHAR } from '@duckdb/node-api';
import { OraError } from '../../engine.ts';
import { calculate, canonicalNumber, sumOf } from './decimal.ts';
import { numberText } from './number-format.ts';
import { readTime } from './time-format.ts';

type Argument = string | number | bigint | null;

/** A function over texts that is null wherever an argument is. */
function define(
  connection: DuckDBConnection,
  name: string,
  count: number,
  returnType: DuckDBType,
  body: (...args: readonly string[]) => string | bigint | null,
): void {
  connection.registerScalarFunction(
    DuckDBScalarFunction.create({
      name,
      returnType,
      parameterTypes: Array.from({ length: count }, () => VARCHAR),
      mainFunction: (_info, chunk, output) => {
        const columns = Array.from({ length: count }, (_, index) => chunk.getColumnVector(index));
        for (let row = 0; row < chunk.rowCount; row += 1) {
          const args = columns.map((column) => column.getItem(row) as Argument);
          output.setItem(row, args.includes(null) ? null : body(...args.map(String)));
        }
        output.flush();
      },
    }),
  );
}

const MACROS = [
  `ora_canonical(v) AS CASE WHEN contains(v, '.') THEN rtrim(rtrim(v, '0'), '.') ELSE v END`,
  // Sorts as the number does: sign, digits before the point, digits; all complemented below zero.
  `ora_key(v) AS CASE WHEN v IS NULL THEN NULL WHEN starts_with(v, '-')
    THEN '0' || translate(ora_positive_key(substring(v, 2)), '0123456789', '9876543210') || '~' ELSE '1' || ora_positive_key(v) END`,
  `ora_floor(v, unit) AS ((v - (((v % unit::HUGEINT) + unit::HUGEINT) % unit::HUGEINT)) // unit::HUGEINT)`,
  `ora_modulo(v, unit) AS (((v % unit::HUGEINT) + unit::HUGEINT) % unit::HUGEINT)`,
  `ora_zoned(utc, minutes) AS CASE WHEN utc IS NULL THEN NULL ELSE {'u': CAST(utc AS HUGEINT), 'o': CAST(minutes AS INTEGER)} END`,
  `ora_whole(v) AS TRY_CAST(split_part(v, '.', 1) AS HUGEINT)`,
  `ora_places(v) AS CASE WHEN contains(v, '.') THEN TRY_CAST(left(rpad(split_part(v, '.', 2), 18, '0'), 18) AS BIGINT) * CASE WHEN starts_with(v, '-') THEN -1 ELSE 1 END WHEN v IS NOT NULL THEN 0 END`,
  // As Oracle writes numbers: no zero before the point.
  `ora_shown(v) AS CASE WHEN starts_with(v, '0.') THEN substring(v, 2) WHEN starts_with(v, '-0.') THEN '-' || substring(v, 3) ELSE v END`,
  // The last day of a month stays the last day.
  `ora_add_months(v, n) AS CASE WHEN day(v) = day(last_day(v)) THEN CAST(last_day(v + to_months(CAST(n AS INTEGER))) AS TIMESTAMP) + (v - date_trunc('day', v)) ELSE v + to_months(CAST(n AS INTEGER)) END`,
  `ora_rowid(object, id) AS 'AAA' || ora_base64(object, 3) || 'AAE' || ora_base64(id // 100, 6) || ora_base64(id % 100, 3)`,
];
const EARLY_MACROS = [
  `ora_positive_key(v) AS lpad(CAST(length(CASE WHEN split_part(v, '.', 1) = '0' THEN '' ELSE split_part(v, '.', 1) END) AS VARCHAR), 3, '0') || ':' || CASE WHEN split_part(v, '.', 1) = '0' THEN '' ELSE split_part(v, '.', 1) END || '.' || split_part(v, '.', 2)`,
  `ora_base64(n, width) AS lpad(list_aggregate(list_transform(range(width), lambda i: substring('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', CAST((n // CAST(pow(64, width - 1 - i) AS BIGINT)) % 64 AS BIGINT) + 1, 1)), 'string_agg', ''), CAST(width AS INTEGER), 'A')`,
];

export async function installFunctions(connection: DuckDBConnection): Promise<void> {
  define(connection, 'ora_number', 1, VARCHAR, (text) => canonicalNumber(ofDouble(text)));
  define(connection, 'ora_calculate', 3, VARCHAR, (operator, left, right) =>
    calculate(operator as string, left as string, right as string),
  );
  define(connection, 'ora_sum', 3, VARCHAR, (whole, places, rest) =>
    total(whole as string, places as string, rest as string),
  );
  define(connection, 'ora_number_text', 2, VARCHAR, (digits, format) => numberText(digits as string, format as string));
  define(
    connection,
    'ora_read_time',
    3,
    HUGEINT,
    (text, format, today) =>
      readTime(text as string, format as string, JSON.parse(today as string) as { year: number; month: number }).nanos,
  );
  define(connection, 'ora_unistr', 1, VARCHAR, (text) =>
    (text as string).replace(/\\([0-9a-fA-F]{4})/g, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    ),
  );
  define(connection, 'ora_double_text', 1, VARCHAR, (text) => doubleText(text as string));
  define(connection, 'ora_scaled_text', 3, VARCHAR, (digits, precision, scale) =>
    scaled(digits as string, Number(precision), Number(scale)),
  );
  define(connection, 'ora_float_text', 2, VARCHAR, (digits, bits) => float(digits as string, Number(bits)));
  for (const macro of [
    ...EARLY_MACROS,
    ...MACROS,
    'ora_double(v) AS CAST(ora_double_text(v) AS DOUBLE)',
    'ora_scaled(v, p, s) AS ora_scaled_text(v, CAST(p AS VARCHAR), CAST(s AS VARCHAR))',
    'ora_float(v, bits) AS ora_float_text(v, CAST(bits AS VARCHAR))',
  ]) {
    await connection.run(`CREATE OR REPLACE MACRO ${macro}`);
  }
}

/** A sum of whole parts, one of 18th decimal places, and single values. */
function total(whole: string, places: string, rest: string): string {
  return sumOf([whole, `${places}E-18`, ...rest.split(' ').filter((value) => value !== '')]);
}

/** Infinities and NaN have no NUMBER. */
function ofDouble(text: string | undefined): string {
  if (text === undefined || /^-?(inf|nan)/i.test(text)) throw new OraError(1426, 'numeric overflow');
  return text;
}

function doubleText(text: string): string {
  if (/^\s*[+-]?(inf|infinity|nan)\s*$/i.test(text)) return text.trim();
  const number = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/.exec(text);
  if (number === null) throw new OraError(1722, 'invalid number');
  return text.trim();
}

/** NUMBER(p,s) of a kind that no DECIMAL is: rounded to the scale, refused beyond the precision. */
function scaled(digits: string, precision: number, scale: number): string {
  const rounded = calculate('round', digits, String(scale));
  if (calculate('compare', rounded.replace('-', ''), canonicalNumber(`1E${precision - scale}`)) !== '-1')
    throw new OraError(1438, 'value larger than specified precision allowed for this column');
  return rounded;
}

/** FLOAT(b) keeps the decimal digits that b bits are worth. */
function float(digits: string, bits: number): string {
  const [whole = '', part = ''] = digits.replace('-', '').split('.');
  const significant = (whole === '0' ? '' : whole) + (whole === '0' ? part.replace(/^0+/, '') : part);
  const keep = Math.ceil(bits * 0.30103);
  const excess = significant.length - keep;
  return excess <= 0 ? digits : calculate('round', digits, String(part.length - excess));
}
