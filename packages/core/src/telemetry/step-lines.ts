/**
 * Steps as log lines: one line per step, its name the message; joined by requestId, jobId, fillId, key and fence. Steps of the
 * ordinary life of a request or job are of level `debug`, those that change something `info`, those of trouble `warn`.
 */
import type { OnStep, StepName } from '../ports/steps.ts';

export interface StepLog {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
}

const QUIET: ReadonlySet<StepName> = new Set([
  'looked',
  'enqueued',
  'waited',
  'probe-started',
  'probe-finished',
  'probe-shared',
  'lease-busy',
  'lease-released',
  'key-reconciled',
]);
const TROUBLE: ReadonlySet<StepName> = new Set([
  'lease-lost',
  'fenced',
  'generation-damaged',
  'failed',
  'room-refused',
  'staging-swept',
]);

export function stepLines(log: StepLog): OnStep {
  return (name, details) => {
    const level = TROUBLE.has(name) ? 'warn' : QUIET.has(name) ? 'debug' : 'info';
    log[level]({ step: name, ...details }, name);
  };
}
