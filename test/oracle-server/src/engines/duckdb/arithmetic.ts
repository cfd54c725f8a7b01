/** `+ - * /` and `||`: numbers exactly, dates with days, times and intervals. */
import { OraError } from '../../engine.ts';
import type { Conversion } from './convert.ts';
import { toText } from './convert.ts';
import type { Typed } from './typed.ts';
import {
  DATE,
  inconsistent,
  isInterval,
  isLob,
  isNull,
  isNumber,
  isText,
  isTime,
  isWhole,
  nullOf,
  NUMBER,
  quoteText,
  toDigits,
  toDouble,
  toMicros,
  toNanos,
  toNumber,
  VARCHAR2,
} from './typed.ts';

const DAY_NANOS = '86400000000000';

export function concatenate(left: Typed, right: Typed, { settings }: Conversion): Typed {
  const [a, b] = [toText(left, settings), toText(right, settings)];
  if (isNull(a) && isNull(b)) return nullOf();
  const size = ({ type }: Typed): number => ('chars' in type ? type.chars : 4000);
  const lob = isLob(a) || isLob(b);
  // Null counts as nothing, and a result of nothing is null.
  return {
    sql: `nullif(concat(${a.sql}, ${b.sql}), '')`,
    type: lob ? { kind: 'CLOB' } : VARCHAR2(size(a) + size(b)),
    form: 'text',
    nullable: a.nullable && b.nullable,
  };
}

export function arithmetic(operator: string, left: Typed, right: Typed): Typed {
  if (isNull(left) && isNull(right)) return nullOf(NUMBER);
  if (isTime(left) || isTime(right) || isInterval(left) || isInterval(right)) return withTimes(operator, left, right);
  if (isNull(left) || isNull(right)) return nullOf(NUMBER);
  const [a, b] = [toNumber(left), toNumber(right)];
  const nullable = a.nullable || b.nullable;
  if (a.form === 'double' || b.form === 'double') {
    return {
      sql: `(${toDouble(a).sql} ${operator} ${toDouble(b).sql})`,
      type: { kind: 'BINARY_DOUBLE' },
      form: 'double',
      nullable,
    };
  }
  if (a.form === 'numeric' && b.form === 'numeric') {
    const exact = native(operator, a, b);
    const whole = operator !== '/' && isWhole(a) && isWhole(b);
    if (exact !== null) return { sql: exact, type: NUMBER, form: 'numeric', nullable, whole };
  }
  return {
    sql: `ora_calculate(${quoteText(operator)}, ${toDigits(a).sql}, ${toDigits(b).sql})`,
    type: NUMBER,
    form: 'digits',
    nullable,
  };
}

/** In DuckDB's own decimals where those are exact; a quotient only by a divisor whose reciprocal is short. */
function native(operator: string, a: Typed, b: Typed): string | null {
  if (operator !== '/') return operator === '*' && tooWide(a, b) ? null : `(${a.sql} ${operator} ${b.sql})`;
  const divisor = typeof b.constant === 'string' && /^[0-9]{1,6}$/.test(b.constant) ? Number(b.constant) : 0;
  if (divisor === 0 || tooWide(a, b)) return null;
  for (let places = 0; places <= 6; places += 1) {
    const reciprocal = 10 ** places / divisor;
    if (Number.isInteger(reciprocal))
      return `(${a.sql} * CAST(${quoteText((reciprocal / 10 ** places).toFixed(places))} AS DECIMAL(${places + 1},${places})))`;
  }
  return null;
}

/** A product of decimals may need more than the 38 digits DuckDB has; then digits calculate. */
function tooWide(a: Typed, b: Typed): boolean {
  const width = ({ type }: Typed): number => (type.kind === 'NUMBER' && type.precision !== null ? type.precision : 19);
  return width(a) + width(b) > 38;
}

function withTimes(operator: string, left: Typed, right: Typed): Typed {
  const nullable = left.nullable || right.nullable;
  if (operator === '-' && isTime(left) && isTime(right)) {
    if (left.form === 'micros' && right.form === 'micros' && left.type.kind === 'DATE' && right.type.kind === 'DATE') {
      const seconds = `CAST((epoch_us(${left.sql}) - epoch_us(${right.sql})) // 1000000 AS VARCHAR)`;
      return { sql: `ora_calculate('/', ${seconds}, '86400')`, type: NUMBER, form: 'digits', nullable };
    }
    return {
      sql: `(${toNanos(left)} - ${toNanos(right)})`,
      type: { kind: 'INTERVAL DAY TO SECOND', leading: 9, fraction: 9 },
      form: 'span',
      nullable,
    };
  }
  if (operator === '+' && isTime(right) && !isTime(left)) return withTimes(operator, right, left);
  if (isTime(left) && (operator === '+' || operator === '-')) return shifted(left, operator, right);
  if (left.form === 'span' && right.form === 'span' && operator !== '*' && operator !== '/')
    return { ...left, sql: `(${left.sql} ${operator} ${right.sql})`, nullable };
  if (left.form === 'months' && right.form === 'months' && operator !== '*' && operator !== '/')
    return { ...left, sql: `(${left.sql} ${operator} ${right.sql})`, nullable };
  if (isInterval(left) && isNumber(right) && operator === '*')
    return {
      ...left,
      sql: `CAST(${left.sql} * ${right.sql} AS ${left.form === 'span' ? 'HUGEINT' : 'INTEGER'})`,
      nullable,
    };
  if (isInterval(right) && isNumber(left) && operator === '*') return withTimes(operator, right, left);
  throw new OraError(
    932,
    `inconsistent datatypes: expected NUMBER got ${(isTime(left) || isInterval(left) ? left : right).type.kind}`,
  );
}

function shifted(time: Typed, operator: string, by: Typed): Typed {
  const nullable = time.nullable || by.nullable;
  if (isNull(by)) return nullOf(time.type);
  if (by.form === 'months') {
    const moved = `ora_add_months(${toMicros(time)}, ${operator === '-' ? '-' : ''}(${by.sql}))`;
    if (time.form === 'micros') return { ...time, sql: moved, nullable };
    if (time.form === 'zoned') throw inconsistent('DATE', time);
    return { ...time, sql: `(CAST(epoch_us(${moved}) AS HUGEINT) * 1000 + ora_modulo(${time.sql}, 1000))`, nullable };
  }
  if (by.form === 'span') return moveNanos(time, operator, by.sql, nullable);
  if (!isNumber(by) && !isText(by)) throw inconsistent('NUMBER', by);
  // A number of days makes a DATE of any time, in whole seconds.
  const nanos = `(CAST(round(CAST(${toDigits(by).sql} AS DOUBLE) * 86400) AS HUGEINT) * 1000000000)`;
  const date: Typed =
    time.type.kind === 'DATE'
      ? time
      : { ...time, sql: `date_trunc('second', ${toMicros(time)})`, type: DATE, form: 'micros' };
  return moveNanos(
    date,
    operator,
    typeof by.constant === 'string' && /^\d+$/.test(by.constant) ? `${by.constant}::HUGEINT * ${DAY_NANOS}` : nanos,
    nullable,
  );
}

function moveNanos(time: Typed, operator: string, nanos: string, nullable: boolean): Typed {
  if (time.form === 'micros')
    return {
      ...time,
      sql: `make_timestamp(CAST((${toNanos(time)} ${operator} (${nanos})) // 1000 AS BIGINT))`,
      nullable,
    };
  if (time.form === 'nanos') return { ...time, sql: `(${time.sql} ${operator} (${nanos}))`, nullable };
  return {
    ...time,
    sql: `ora_zoned(struct_extract(${time.sql}, 'u') ${operator} (${nanos}), struct_extract(${time.sql}, 'o'))`,
    nullable,
  };
}
