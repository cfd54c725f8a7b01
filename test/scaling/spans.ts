/** What workers did, read from their steps: fills with a beginning, an end, and how they ended. */
import type { StepName } from '@parqueue/core';
import type { Step } from '../faults/worker-handle.ts';

/** handed-on: its worker let go of it before it was published; another one did it. */
export type SpanEnd = 'committed' | 'unchanged' | 'handed-on';

export interface Span {
  readonly worker: string;
  readonly key: string;
  readonly jobId: string;
  readonly beganMs: number;
  readonly endedMs: number;
  readonly end: SpanEnd;
}

export interface WorkerStory {
  readonly name: string;
  readonly startedMs: number;
  /** When it was sent SIGTERM. */
  readonly toldMs: number;
  readonly endedMs: number;
  readonly exit: number | null;
  readonly rssBytes: number;
  readonly steps: readonly Step[];
}

const ENDS: Partial<Record<StepName, SpanEnd>> = { 'commit-acked': 'committed', unchanged: 'unchanged' };

export function spansOf({ name, steps, endedMs }: WorkerStory): readonly Span[] {
  const spans: Span[] = [];
  const open = new Map<unknown, Omit<Span, 'endedMs' | 'end'>>();
  for (const { name: step, details, atMs } of steps) {
    const { fillId, key, jobId } = details;
    if (step === 'lease-acquired')
      open.set(fillId, { worker: name, key: String(key), jobId: String(jobId), beganMs: atMs });
    const end = ENDS[step];
    const span = open.get(fillId);
    if (end === undefined || span === undefined) continue;
    open.delete(fillId);
    spans.push({ ...span, endedMs: atMs, end });
  }
  return [...spans, ...[...open.values()].map((span) => ({ ...span, endedMs, end: 'handed-on' as const }))];
}
