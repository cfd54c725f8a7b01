/** TO_CHAR of times, as an expression of DuckDB: fast for whole columns, exact to the nanosecond, BC years included. */
import { OraError } from '../../engine.ts';
import { readFormat } from './time-format.ts';
import type { Typed } from './typed.ts';
import { quoteText, toMicros, toNanos, VARCHAR2 } from './typed.ts';

const PLAIN: Readonly<Record<string, string>> = {
  MM: '%m',
  DD: '%d',
  HH24: '%H',
  HH12: '%I',
  HH: '%I',
  MI: '%M',
  SS: '%S',
  DDD: '%j',
  AM: '%p',
  PM: '%p',
};
const YEARS = new Set(['SYYYY', 'YYYY', 'RRRR', 'YYY', 'YY', 'RR', 'Y']);

export function timeToText(value: Typed, format: string): Typed {
  const micros = toMicros(value);
  const parts: string[] = [];
  let width = 0;
  let pattern = '';
  // Elements that strftime knows are collected into one call.
  const flush = (): void => {
    if (pattern !== '') parts.push(`strftime(${micros}, ${quoteText(pattern)})`);
    pattern = '';
  };
  const add = (sql: string): void => {
    flush();
    parts.push(sql);
  };
  for (const element of readFormat(format)) {
    if (element.kind === 'literal') {
      pattern += element.text.replaceAll('%', '%%');
      width += element.text.length;
      continue;
    }
    const { name } = element;
    const plain = PLAIN[name];
    width += name.length + 4;
    if (plain !== undefined) pattern += plain;
    else if (YEARS.has(name)) add(year(micros, name));
    else if (name.startsWith('FF'))
      add(fraction(value, micros, name === 'FF' ? fractionOf(value) : Number(name.slice(2))));
    else if (name === 'TZH')
      add(
        `CASE WHEN ${offset(value)} < 0 THEN '-' ELSE '+' END || lpad(CAST(abs(${offset(value)}) // 60 AS VARCHAR), 2, '0')`,
      );
    else if (name === 'TZM') add(`lpad(CAST(abs(${offset(value)}) % 60 AS VARCHAR), 2, '0')`);
    else if (name === 'FM')
      throw new OraError(1821, 'date format not recognized: FM is outside the grammar of this engine');
    else add(named(micros, name));
  }
  flush();
  const sql = parts.length === 0 ? "''" : parts.map((part) => `(${part})`).join(' || ');
  return { sql: `(${sql})`, type: VARCHAR2(width), form: 'text', nullable: value.nullable };
}

function year(micros: string, name: string): string {
  const number = `CASE WHEN year(${micros}) > 0 THEN year(${micros}) ELSE 1 - year(${micros}) END`;
  const digits = `lpad(CAST(${number} AS VARCHAR), 4, '0')`;
  if (name === 'SYYYY') return `CASE WHEN year(${micros}) > 0 THEN ' ' ELSE '-' END || ${digits}`;
  return name === 'YYYY' || name === 'RRRR' ? digits : `right(${digits}, ${name.length})`;
}

function fractionOf({ type }: Typed): number {
  return 'fraction' in type ? type.fraction : 0;
}

function fraction(value: Typed, micros: string, digits: number): string {
  const sixth = `lpad(CAST(microsecond(${micros}) % 1000000 AS VARCHAR), 6, '0')`;
  if (digits <= 6) return `left(${sixth}, ${digits})`;
  if (value.form === 'micros') return `${sixth} || '${'0'.repeat(digits - 6)}'`;
  return `left(${sixth} || lpad(CAST(ora_modulo(${toNanos(value)}, 1000) AS VARCHAR), 3, '0'), ${digits})`;
}

function offset(value: Typed): string {
  return value.form === 'zoned' ? `struct_extract(${value.sql}, 'o')` : '0';
}

function named(micros: string, name: string): string {
  const upper = name.toUpperCase();
  const cased = (sql: string): string =>
    name === upper ? `upper(${sql})` : name === name.toLowerCase() ? `lower(${sql})` : sql;
  switch (upper) {
    case 'MONTH':
      return cased(`rpad(strftime(${micros}, '%B'), 9, ' ')`);
    case 'MON':
      return cased(`strftime(${micros}, '%b')`);
    case 'DAY':
      return cased(`rpad(strftime(${micros}, '%A'), 9, ' ')`);
    case 'DY':
      return cased(`strftime(${micros}, '%a')`);
    case 'D':
      return `CAST(dayofweek(${micros}) + 1 AS VARCHAR)`;
    case 'Q':
      return `CAST(quarter(${micros}) AS VARCHAR)`;
    case 'J':
      return `CAST(CAST(floor(julian(${micros})) AS BIGINT) AS VARCHAR)`;
    case 'IW':
      return `lpad(CAST(week(${micros}) AS VARCHAR), 2, '0')`;
    case 'SSSSS':
      return `lpad(CAST(hour(${micros}) * 3600 + minute(${micros}) * 60 + second(${micros}) AS VARCHAR), 5, '0')`;
    case 'AD':
    case 'BC':
      return `CASE WHEN year(${micros}) > 0 THEN 'AD' ELSE 'BC' END`;
    case 'X':
      return "'.'";
    default:
      throw new OraError(1821, `date format not recognized: ${name} is outside the grammar of this engine`);
  }
}
