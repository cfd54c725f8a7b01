/** Functions over text. '' is null, as everywhere: results that may come out empty are made null. */
import { atMost, required } from './arguments.ts';
import type { Context } from './context.ts';
import { concatenate } from './arithmetic.ts';
import { toText } from './convert.ts';
import type { ScalarFunction } from './arguments.ts';
import type { Typed } from './typed.ts';
import { NUMBER, toInteger, VARCHAR2 } from './typed.ts';

const text = (args: readonly Typed[], index: number, { settings }: Context): Typed =>
  toText(required(args, index), settings);
const made = (sql: string, from: Typed, chars = sizeOf(from)): Typed => ({
  sql,
  type: from.type.kind === 'CLOB' ? from.type : VARCHAR2(chars),
  form: 'text',
  nullable: true,
});
const number = (sql: string, nullable: boolean): Typed => ({ sql, type: NUMBER, form: 'numeric', nullable });

function sizeOf({ type }: Typed): number {
  return 'chars' in type ? type.chars : 4000;
}

function mapped(name: string): ScalarFunction {
  return (args, context) => {
    atMost(args, 1);
    const value = text(args, 0, context);
    return { ...made(`${name}(${value.sql})`, value), nullable: value.nullable };
  };
}

function substr(args: readonly Typed[], context: Context): Typed {
  atMost(args, 3);
  const value = text(args, 0, context);
  // Position 0 means 1; a negative one counts from the end, and beyond the beginning there is nothing.
  const at = toInteger(required(args, 1));
  const from = `(CASE WHEN ${at} > 0 THEN ${at} WHEN ${at} = 0 THEN 1 WHEN -(${at}) > length(${value.sql}) THEN NULL ELSE length(${value.sql}) + 1 + ${at} END)`;
  if (args[2] === undefined) return made(`nullif(substring(${value.sql}, ${from}), '')`, value);
  const length = toInteger(args[2]);
  return made(`(CASE WHEN ${length} >= 1 THEN nullif(substring(${value.sql}, ${from}, ${length}), '') END)`, value);
}

function padded(name: 'lpad' | 'rpad'): ScalarFunction {
  return (args, context) => {
    atMost(args, 3);
    const value = text(args, 0, context);
    const fill = args[2] === undefined ? "' '" : text(args, 2, context).sql;
    const size = args[1]?.constant;
    return made(
      `nullif(${name}(${value.sql}, CAST(${toInteger(required(args, 1))} AS INTEGER), ${fill}), '')`,
      value,
      typeof size === 'string' ? Number(size) : 4000,
    );
  };
}

export function trimmed(
  side: 'BOTH' | 'LEADING' | 'TRAILING',
  what: Typed | null,
  from: Typed,
  { settings }: Context,
): Typed {
  const value = toText(from, settings);
  const name = { BOTH: 'trim', LEADING: 'ltrim', TRAILING: 'rtrim' }[side];
  return made(`nullif(${name}(${value.sql}, ${what === null ? "' '" : toText(what, settings).sql}), '')`, value);
}

function stripped(side: 'LEADING' | 'TRAILING'): ScalarFunction {
  return (args, context) => trimmed(side, args[1] ?? null, required(args, 0), context);
}

export const textFunctions: Readonly<Record<string, ScalarFunction>> = {
  UPPER: mapped('upper'),
  LOWER: mapped('lower'),
  SUBSTR: substr,
  LPAD: padded('lpad'),
  RPAD: padded('rpad'),
  LTRIM: stripped('LEADING'),
  RTRIM: stripped('TRAILING'),
  CONCAT: (args, context) => {
    atMost(args, 2);
    return concatenate(required(args, 0), required(args, 1), context);
  },
  LENGTH: (args, context) => number(`length(${text(args, 0, context).sql})`, required(args, 0).nullable),
  LENGTHB: (args, context) => number(`strlen(${text(args, 0, context).sql})`, required(args, 0).nullable),
  INSTR: (args, context) => {
    atMost(args, 2);
    return number(`instr(${text(args, 0, context).sql}, ${text(args, 1, context).sql})`, true);
  },
  REPLACE: (args, context) => {
    atMost(args, 3);
    const value = text(args, 0, context);
    const instead = args[2] === undefined ? "''" : `coalesce(${text(args, 2, context).sql}, '')`;
    return made(`nullif(replace(${value.sql}, ${text(args, 1, context).sql}, ${instead}), '')`, value, 4000);
  },
  TRANSLATE: (args, context) =>
    made(
      `nullif(translate(${text(args, 0, context).sql}, ${text(args, 1, context).sql}, ${text(args, 2, context).sql}), '')`,
      text(args, 0, context),
    ),
  CHR: (args) => ({
    sql: `chr(CAST(${toInteger(required(args, 0))} AS INTEGER))`,
    type: VARCHAR2(1),
    form: 'text',
    nullable: true,
  }),
  UNISTR: (args, context) => made(`ora_unistr(${text(args, 0, context).sql})`, text(args, 0, context)),
  ASCII: (args, context) => number(`unicode(${text(args, 0, context).sql})`, true),
  TO_NCHAR: (args, context) => ({
    ...text(args, 0, context),
    type: { kind: 'NVARCHAR2', chars: sizeOf(text(args, 0, context)) },
  }),
  REGEXP_REPLACE: (args, context) =>
    made(
      `nullif(regexp_replace(${text(args, 0, context).sql}, ${text(args, 1, context).sql}, ${args[2] === undefined ? "''" : text(args, 2, context).sql}, 'g'), '')`,
      text(args, 0, context),
      4000,
    ),
};
