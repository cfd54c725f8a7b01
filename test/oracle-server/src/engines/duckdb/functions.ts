/** Calls by name: aggregates and window functions here by way of their own file, scalar functions from the tables. */
import { OraError } from '../../engine.ts';
import type { Expr } from './ast.ts';
import { aggregate } from './aggregates.ts';
import type { ScalarFunction } from './arguments.ts';
import type { Context, Scope } from './context.ts';
import { generalFunctions } from './functions-general.ts';
import { numberFunctions } from './functions-number.ts';
import { textFunctions } from './functions-text.ts';
import { timeFunctions } from './functions-time.ts';
import type { Typed } from './typed.ts';

const FUNCTIONS: ReadonlyMap<string, ScalarFunction> = new Map(
  Object.entries({ ...generalFunctions, ...numberFunctions, ...textFunctions, ...timeFunctions }),
);

/** @throws OraError 00904 for a function that this engine does not have */
export function compileCall(call: Expr & { kind: 'call' }, scope: Scope, context: Context): Typed {
  const name = call.path.length === 1 ? (call.path[0]?.text ?? '') : '';
  const found = aggregate(name, call, scope, context);
  if (found !== null) return found;
  const scalar = FUNCTIONS.get(name);
  if (scalar === undefined || call.over !== null || call.star || call.distinct || call.within !== null) {
    const shown = call.path.map(({ text }) => JSON.stringify(text)).join('.');
    throw new OraError(904, `${shown}: invalid identifier`, { offset: call.at });
  }
  try {
    const args = call.args.map((arg) => context.expression(arg, scope, context));
    const { constant, ...result } = scalar(args, context);
    // What a function was given as a constant its result is not, even where it was made from it.
    return constant === null || (constant !== undefined && name === 'TO_NUMBER') ? { ...result, constant } : result;
  } catch (error) {
    if (error instanceof RangeError) throw new OraError(909, 'invalid number of arguments', { offset: call.at });
    throw error;
  }
}
