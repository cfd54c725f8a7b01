/** Reading the arguments of functions. A missing one is a RangeError, which the caller tells as ORA-00909. */
import type { Context } from './context.ts';
import type { Typed } from './typed.ts';

/** A function over values that are compiled already. */
export type ScalarFunction = (args: readonly Typed[], context: Context) => Typed;

export function required(args: readonly Typed[], index: number): Typed {
  const value = args[index];
  if (value === undefined) throw new RangeError(`argument ${index + 1} is missing`);
  return value;
}

export function atMost(args: readonly Typed[], count: number): void {
  if (args.length > count) throw new RangeError(`more than ${count} arguments`);
}

/** The text of an argument that must be known before the statement runs, as formats are. */
export function known(args: readonly Typed[], index: number): string | null {
  const value = args[index];
  return value === undefined || typeof value.constant !== 'string' ? null : value.constant;
}
