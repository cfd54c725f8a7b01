/** ROWNUM, which numbers rows after WHERE and before everything else, and LEVEL of the row generator on DUAL. */
import { OraError } from '../../engine.ts';
import type { Expr, Select } from './ast.ts';
import type { Context, Scope } from './context.ts';
import { NO_EXTRA } from './context.ts';
import type { Typed } from './typed.ts';
import { NUMBER, toInteger } from './typed.ts';

export const ROWNUM: Typed = { sql: '"#rn"', type: NUMBER, form: 'numeric', nullable: false, whole: true };

/** Whether a pseudo column is named anywhere in these, subqueries left out: they have their own. */
export function mentions(node: unknown, name: string): boolean {
  if (Array.isArray(node)) return node.some((item) => mentions(item, name));
  if (typeof node !== 'object' || node === null || 'body' in node) return false;
  if ('kind' in node && node.kind === 'column' && 'path' in node && Array.isArray(node.path)) {
    return node.path.length === 1 && (node.path[0] as { text: string }).text === name;
  }
  return Object.values(node).some((item) => mentions(item, name));
}

export interface RownumLimit {
  readonly bound: Expr;
  readonly inclusive: boolean;
}

/** The part of WHERE that chooses rows, and how many of them may come. @throws OraError 00900 for other uses of ROWNUM */
export function splitRownum(where: Expr | null): {
  readonly plain: Expr | null;
  readonly limits: readonly RownumLimit[];
} {
  if (where === null || !mentions(where, 'ROWNUM')) return { plain: where, limits: [] };
  if (where.kind === 'binary' && where.operator === 'AND') {
    const [left, right] = [splitRownum(where.left), splitRownum(where.right)];
    const plain: Expr | null =
      left.plain === null
        ? right.plain
        : right.plain === null
          ? left.plain
          : { ...where, left: left.plain, right: right.plain };
    return { plain, limits: [...left.limits, ...right.limits] };
  }
  const limit = limitOf(where);
  if (limit === null)
    throw new OraError(900, 'this use of ROWNUM is outside the grammar of this engine', { offset: where.at });
  return { plain: null, limits: [limit] };
}

function limitOf(where: Expr): RownumLimit | null {
  if (where.kind !== 'binary') return null;
  const isRownum = (expr: Expr): boolean => expr.kind === 'column' && mentions(expr, 'ROWNUM');
  const flipped: Readonly<Record<string, string>> = { '>=': '<=', '>': '<', '=': '=' };
  const operator = isRownum(where.left) ? where.operator : isRownum(where.right) ? flipped[where.operator] : undefined;
  const bound = isRownum(where.left) ? where.right : where.left;
  if (mentions(bound, 'ROWNUM')) return null;
  if (operator === '<=') return { bound, inclusive: true };
  if (operator === '<') return { bound, inclusive: false };
  return operator === '=' && bound.kind === 'number' && bound.text === '1' ? { bound, inclusive: true } : null;
}

/**
 * FROM and WHERE with numbers. Every table of it becomes a struct of the same name, so that what was compiled against
 * the tables means the same outside.
 */
export function numberRows(
  from: string,
  aliases: readonly string[],
  where: string,
  limits: readonly RownumLimit[],
  of: (expr: Expr) => Typed,
): string {
  const rows = limits.map(({ bound, inclusive }) => `greatest(0, ${toInteger(of(bound))}${inclusive ? '' : ' - 1'})`);
  const limit = rows.length === 0 ? '' : ` LIMIT ${rows.length === 1 ? rows[0] : `least(${rows.join(', ')})`}`;
  return `(SELECT ${aliases.join(', ')}, row_number() OVER () AS "#rn" FROM ${from}${where}${limit}) "#n"`;
}

export interface Levels {
  readonly sql: string;
  readonly extra: ReadonlyMap<string, Typed>;
}

/** FROM DUAL CONNECT BY LEVEL <= n as a range. */
export function compileLevels({ from, levels, where }: Select, context: Context, parent: Scope | null): Levels {
  const [only] = from;
  const isDual = from.length === 1 && only?.kind === 'table' && only.path.at(-1)?.text === 'DUAL';
  if (!isDual || levels === null || where !== null)
    throw new OraError(900, 'CONNECT BY is in the grammar of this engine only on DUAL');
  const bound = toInteger(context.expression(levels.bound, { sources: [], parent, extra: NO_EXTRA }, context));
  const alias = context.alias();
  const level: Typed = { sql: `${alias}.i`, type: NUMBER, form: 'numeric', nullable: false, whole: true };
  // Even a bound of 0 gives the root.
  return {
    sql: `range(1, greatest(1, ${bound}${levels.inclusive ? '' : ' - 1'}) + 1) ${alias}(i)`,
    extra: new Map([
      ['LEVEL', level],
      ['ROWNUM', level],
    ]),
  };
}
