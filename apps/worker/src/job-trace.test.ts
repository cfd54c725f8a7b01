import type { Job, Span, SpanWish, StepName, Tracer } from '@parqueue/core';
import { expect, test } from 'vitest';
import { JobTrace } from './job-trace.ts';

/** Keeps what was told, as a tree: `name` or `name!CODE`, with what is inside. */
class KeepingTracer implements Tracer {
  readonly told: string[] = [];
  #spans = 0;

  start({ name, parent }: SpanWish): Span {
    const id = (this.#spans += 1);
    this.told.push(`${id} ${name} in ${parent ?? 'nothing'}`);
    return {
      traceparent: String(id),
      set: () => undefined,
      event: (event) => void this.told.push(`${id} · ${event}`),
      link: () => undefined,
      end: (failure = null) => void this.told.push(`${id} ends${failure === null ? '' : ` ${failure}`}`),
    };
  }
}

const job = (kind: Job['kind']): Job =>
  ({ kind, requestId: 'r', traceparent: 'caller', request: { key: 'k', source: 's', dataset: 'd' } }) as unknown as Job;

function traceOf(kind: Job['kind'], steps: readonly (readonly [StepName, object?])[]) {
  const tracer = new KeepingTracer();
  const trace = new JobTrace(tracer, { job: job(kind), jobId: 'j', queuedAtMs: 0, now: () => 5 });
  for (const [name, details = {}] of steps) trace.step(name, details as Record<string, unknown>);
  return { trace, told: tracer.told };
}

const LEASE = ['lease-acquired', { fillId: 'f', fence: 7 }] as const;

test('a fill has its phases, each beginning where the one before ended', () => {
  const { trace, told } = traceOf('fill', [
    LEASE,
    ['snapshot-opened'],
    ['part-synced'],
    ['published'],
    ['commit-acked'],
  ]);
  trace.end({ kind: 'done', outcome: { kind: 'committed', fence: 7, rows: 1, bytes: 1 } });
  expect(told.filter((line) => !line.includes('·'))).toEqual([
    '1 job fill in caller',
    '2 fill in 1',
    '3 open in 2',
    '3 ends',
    '4 read in 2',
    '4 ends',
    '5 publish in 2',
    '5 ends',
    '6 commit in 2',
    '6 ends',
    '2 ends',
    '1 ends',
  ]);
});

test('a failure ends all that is open with its code, however deep it came', () => {
  const { trace, told } = traceOf('fill', [LEASE, ['snapshot-opened']]);
  const failure = { code: 'PQ_SOURCE_UNAVAILABLE', message: '', retryable: true } as const;
  trace.end({ kind: 'done', outcome: { kind: 'failed', failure } });
  expect(told.slice(-3)).toEqual([
    '4 ends PQ_SOURCE_UNAVAILABLE',
    '2 ends PQ_SOURCE_UNAVAILABLE',
    '1 ends PQ_SOURCE_UNAVAILABLE',
  ]);
});

test('a fill that lost its lease begins another within the job, and none stays open', () => {
  const { trace, told } = traceOf('fill', [LEASE, ['snapshot-opened'], ['lease-lost'], LEASE]);
  trace.end({ kind: 'interrupted' });
  const begun = told.filter((line) => line.includes(' in ')).length;
  expect(told.filter((line) => line.includes('ends'))).toHaveLength(begun);
  expect(told).toContain('5 fill in 1');
});

test('a fill that found the source unchanged has no phases after that', () => {
  const { trace, told } = traceOf('fill', [LEASE, ['snapshot-opened'], ['unchanged']]);
  trace.end({ kind: 'done', outcome: { kind: 'verified', fence: 7 } });
  expect(told.slice(-4)).toEqual(['4 ends', '2 · unchanged', '2 ends', '1 ends']);
});

test('a statement belongs to the phase in which it was told, and a probe to its job', () => {
  const { trace, told } = traceOf('probe', [['probe-started', { tick: 3 }]]);
  trace.statement({
    system: 'postgres',
    operation: 'VERSION',
    summary: 'VERSION t',
    beganAtMs: 1,
    endedAtMs: 2,
    rows: null,
    failure: null,
  });
  trace.step('probe-finished', {});
  trace.end({ kind: 'done', outcome: { kind: 'verified', fence: 7 } });
  expect(told).toEqual(['1 job probe in caller', '2 probe in 1', '3 VERSION t in 2', '3 ends', '2 ends', '1 ends']);
});
