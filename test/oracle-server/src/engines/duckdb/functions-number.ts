/** Numbers: literals, rounding, MOD, TO_NUMBER, TO_CHAR of numbers, and those that DuckDB calculates in doubles. */
import { OraError } from '../../engine.ts';
import { atMost, known, required } from './arguments.ts';
import { sortKey } from './compare.ts';
import type { Context } from './context.ts';
import { convert, toText, unify } from './convert.ts';
import { canonicalNumber } from './decimal.ts';
import type { ScalarFunction } from './arguments.ts';
import type { Typed } from './typed.ts';
import {
  isNull,
  isWhole,
  nullOf,
  NUMBER,
  quoteText,
  toDigits,
  toDouble,
  toInteger,
  toNumber,
  VARCHAR2,
} from './typed.ts';

const NATIVE_DIGITS_MAX = 18;

/** A literal as DuckDB's DECIMAL while it is short, so that sums over columns stay native; else as digits. */
export function numberLiteral(text: string, binary: 'D' | 'F' | null): Typed {
  if (binary !== null) {
    const kind = binary === 'D' ? 'BINARY_DOUBLE' : 'BINARY_FLOAT';
    return {
      sql: `CAST(${quoteText(text)} AS ${binary === 'D' ? 'DOUBLE' : 'FLOAT'})`,
      type: { kind },
      form: 'double',
      nullable: false,
    };
  }
  const canonical = canonicalNumber(text);
  const [whole = '', part = ''] = canonical.split('.');
  if (whole.length + part.length > NATIVE_DIGITS_MAX)
    return { sql: quoteText(canonical), type: NUMBER, form: 'digits', nullable: false, constant: canonical };
  const width = Math.max(1, whole.length + part.length);
  return {
    sql: `CAST(${canonical} AS DECIMAL(${width},${part.length}))`,
    type: NUMBER,
    form: 'numeric',
    nullable: false,
    constant: canonical,
  };
}

const calculated = (operator: string, left: Typed, right: string): Typed => ({
  sql: `ora_calculate(${quoteText(operator)}, ${toDigits(left).sql}, ${right})`,
  type: NUMBER,
  form: 'digits',
  nullable: left.nullable,
});

function toPlaces(operator: 'trunc' | 'round'): (args: readonly Typed[]) => Typed {
  return (args) => {
    atMost(args, 2);
    const value = toNumber(required(args, 0));
    if (isNull(value)) return nullOf(NUMBER);
    if (args[1] === undefined) {
      if (value.form === 'digits') return calculated(operator, value, "'0'");
      return { ...value, sql: `${operator}(${value.sql})`, type: value.form === 'double' ? value.type : NUMBER };
    }
    return calculated(operator, value, `CAST(${toInteger(args[1])} AS VARCHAR)`);
  };
}

function modulo(args: readonly Typed[]): Typed {
  atMost(args, 2);
  const [a, b] = [toNumber(required(args, 0)), toNumber(required(args, 1))];
  if (isNull(a) || isNull(b)) return nullOf(NUMBER);
  const nullable = a.nullable || b.nullable;
  if (a.form === 'numeric' && b.form === 'numeric') {
    const whole = isWhole(a) && isWhole(b);
    const plain = typeof b.constant === 'string' && Number(b.constant) !== 0;
    return {
      sql: plain ? `(${a.sql} % ${b.sql})` : `(CASE WHEN ${b.sql} = 0 THEN ${a.sql} ELSE ${a.sql} % ${b.sql} END)`,
      type: NUMBER,
      form: 'numeric',
      nullable,
      whole,
    };
  }
  return { ...calculated('mod', a, toDigits(b).sql), nullable };
}

/** By a double: about 15 digits are right, of Oracle's 40. */
function inDouble(name: string): ScalarFunction {
  return (args) => {
    const values = args.map((arg) => toDouble(toNumber(arg)));
    required(values, 0);
    const double: Typed = {
      sql: `${name}(${values.map(({ sql }) => sql).join(', ')})`,
      type: { kind: 'BINARY_DOUBLE' },
      form: 'double',
      nullable: values.some(({ nullable }) => nullable),
    };
    return args.some(({ form }) => form === 'double') ? double : toDigits(double);
  };
}

function toNumberCall(args: readonly Typed[]): Typed {
  atMost(args, 3);
  const value = required(args, 0);
  if (args[1] === undefined) return toDigits(value);
  // A format allows group separators and currency signs; what is left without them is the number.
  const cleaned = `regexp_replace(${value.sql}, '[,$ ]', '', 'g')`;
  const constant = typeof value.constant === 'string' ? { constant: value.constant.replaceAll(/[,$ ]/g, '') } : {};
  return toDigits({ ...value, sql: cleaned, ...constant });
}

export function numberToText(args: readonly Typed[], context: Context): Typed {
  const format = known(args, 1);
  const value = required(args, 0);
  if (args[1] === undefined) return toText(value, context.settings);
  if (format === null) throw new OraError(1481, 'invalid number format model');
  return {
    sql: `ora_number_text(${toDigits(value).sql}, ${quoteText(format)})`,
    type: VARCHAR2(format.length + 2),
    form: 'text',
    nullable: value.nullable,
  };
}

function extreme(which: 'max' | 'min'): ScalarFunction {
  return (args, context) => {
    const { type, values } = unify(args, context);
    const best = values.slice(1).reduce(
      (left, right): Typed => {
        const better = `${sortKey(right)} ${which === 'max' ? '>' : '<'} ${sortKey(left)}`;
        return {
          ...left,
          sql: `(CASE WHEN ${left.sql} IS NULL OR ${right.sql} IS NULL THEN NULL WHEN ${better} THEN ${right.sql} ELSE ${left.sql} END)`,
        };
      },
      required(values, 0),
    );
    return { ...best, type, nullable: args.some(({ nullable }) => nullable), whole: values.every(isWhole) };
  };
}

export const numberFunctions: Readonly<Record<string, ScalarFunction>> = {
  MOD: modulo,
  TO_NUMBER: toNumberCall,
  SQRT: inDouble('sqrt'),
  EXP: inDouble('exp'),
  LN: inDouble('ln'),
  SIN: inDouble('sin'),
  COS: inDouble('cos'),
  TAN: inDouble('tan'),
  ATAN2: inDouble('atan2'),
  GREATEST: extreme('max'),
  LEAST: extreme('min'),
  TO_BINARY_DOUBLE: (args, context) => convert(required(args, 0), { kind: 'BINARY_DOUBLE' }, context),
  TO_BINARY_FLOAT: (args, context) => convert(required(args, 0), { kind: 'BINARY_FLOAT' }, context),
  POWER: (args) => calculated('power', required(args, 0), toDigits(required(args, 1)).sql),
  FLOOR: (args) =>
    required(args, 0).form === 'numeric'
      ? { ...required(args, 0), sql: `floor(${required(args, 0).sql})`, type: NUMBER }
      : calculated('floor', required(args, 0), "'0'"),
  CEIL: (args) => {
    const value = toNumber(required(args, 0));
    if (value.form === 'numeric') return { ...value, sql: `ceil(${value.sql})`, type: NUMBER };
    const negative: Typed = {
      ...value,
      sql: `ora_calculate('-', '0', ${toDigits(value).sql})`,
      form: 'digits',
      type: NUMBER,
    };
    return { ...negative, sql: `ora_calculate('-', '0', ${calculated('floor', negative, "'0'").sql})` };
  },
  ABS: (args) => {
    const value = toNumber(required(args, 0));
    return value.form === 'digits'
      ? { ...value, sql: `ltrim(${value.sql}, '-')` }
      : { ...value, sql: `abs(${value.sql})` };
  },
  SIGN: (args) => ({
    sql: `CAST(sign(CAST(${toNumber(required(args, 0)).sql} AS DOUBLE)) AS INTEGER)`,
    type: NUMBER,
    form: 'numeric',
    nullable: required(args, 0).nullable,
  }),
};

export const truncateNumber = toPlaces('trunc');
export const roundNumber = toPlaces('round');
