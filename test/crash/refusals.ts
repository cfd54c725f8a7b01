/** Who may be refused, and with what: a code is no excuse by itself. */
import type { ErrorCode } from '@parqueue/core';
import type { Cell, Fault } from './cells.ts';

/** Whoever reads needs a Redis; but for its own word nothing is said there of a good head. */
const TAKES_REDIS: ReadonlySet<Fault> = new Set(['Redis killed', 'Redis paused']);

/** A step that throws, a library that traps in the midst of a call: nobody thought of that, and the code says so. */
const IS_A_DEFECT: ReadonlySet<Fault> = new Set(['throw', 'wasm trap']);

/** @returns what is wrong with the refusals of a cell's readers, and with that of the caller whose ask met the fault */
export function wrongRefusals(
  { fault, readers }: Cell,
  refused: Readonly<Partial<Record<ErrorCode, number>>>,
  heard: ErrorCode | null,
): readonly string[] {
  const codes = Object.keys(refused);
  const wrong: string[] = [];
  if (!IS_A_DEFECT.has(fault) && [...codes, heard].includes('PQ_INTERNAL'))
    wrong.push('a refusal was PQ_INTERNAL, and not the code of the fault');
  // They accept the rows that were there before, and no fault but Redis's touches those. A machine that stands still may.
  if (readers === 'patient' && !TAKES_REDIS.has(fault))
    for (const code of codes)
      if (code !== 'PQ_COORDINATION_DOWN') wrong.push(`a patient reader was refused beside a good head: ${code}`);
  return wrong;
}
