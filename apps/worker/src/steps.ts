/** Several listeners of the steps of a worker, as one. */
import type { OnStep } from '@parqueue/core';

/** Each listener in turn: a gate in one holds those after it, and the work itself. */
export function allSteps(...listeners: readonly OnStep[]): OnStep {
  return async (name, details) => {
    for (const listener of listeners) await listener(name, details);
  };
}
