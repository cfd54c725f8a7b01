/**
 * Steps as log lines: one line per step, joined by key, fence, fillId, jobId and requestId. Steps that are part of the
 * ordinary life of a job are of level `debug` or `info`; those that tell of trouble are `warn`.
 */
import type { OnStep, StepName } from '@parqueue/core';
import type { Logger } from 'pino';

const QUIET: ReadonlySet<StepName> = new Set([
  'looked',
  'enqueued',
  'waited',
  'probe-started',
  'probe-finished',
  'probe-shared',
  'lease-busy',
  'key-reconciled',
]);
const TROUBLE: ReadonlySet<StepName> = new Set([
  'lease-lost',
  'fenced',
  'generation-damaged',
  'failed',
  'staging-swept',
]);

export function stepLines(log: Logger): OnStep {
  return (name, details) => {
    const level = TROUBLE.has(name) ? 'warn' : QUIET.has(name) ? 'debug' : 'info';
    log[level]({ step: name, ...details }, name);
  };
}

/** Each listener in turn: a gate in one holds those after it, and the work itself. */
export function allSteps(...listeners: readonly OnStep[]): OnStep {
  return async (name, details) => {
    for (const listener of listeners) await listener(name, details);
  };
}
