/**
 * A simulated system of record: per entry a value that writers change, with its whole history. What was current when
 * is the truth that every answer is compared with.
 */
import {
  ParqueueError,
  type CanonicalRequest,
  type Extract,
  type PartTarget,
  type Snapshot,
  type Source,
  type Version,
} from '@parqueue/core';
import type { MemoryStore } from '@parqueue/core/testing';
import type { Scheduler } from './scheduler.ts';

export interface SourceState {
  readonly content: number;
  readonly fromStep: number;
  readonly fromMs: number;
}

export class SimSourceState {
  readonly history: SourceState[];
  failing = false;
  /** How often rows of each state were extracted. */
  readonly loads = new Map<number, number>();
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
    this.history = [{ content: 0, fromStep: 0, fromMs: 0 }];
  }

  get current(): number {
    return this.history.at(-1)?.content ?? 0;
  }

  change(content: number): void {
    this.history.push({ content, fromStep: this.#scheduler.steps, fromMs: this.#scheduler.nowMs });
  }

  /** Whether `content` was current at some moment at or after the given step and time, until now. */
  wasCurrentSince(content: number, since: { readonly step: number; readonly ms: number }): boolean {
    return this.history.some((state, index) => {
      if (state.content !== content) return false;
      const next = this.history[index + 1];
      return next === undefined || (next.fromStep >= since.step && next.fromMs >= since.ms);
    });
  }
}

export interface SimRows {
  readonly path: string;
  readonly content: number;
  /** When the snapshot of these rows was opened. */
  readonly openedStep: number;
}

/** The Source port over such states, as one process's threads see it. */
export function simSource(
  states: ReadonlyMap<string, SimSourceState>,
  {
    scheduler,
    gate,
    store,
  }: {
    readonly scheduler: Scheduler;
    readonly gate: (label: string) => Promise<void>;
    readonly store: MemoryStore;
  },
): Source {
  const stateOf = (request: CanonicalRequest): { readonly path: string; readonly state: SimSourceState } => {
    const path = request.question.kind === 'file' ? request.question.path : '';
    const state = states.get(path);
    if (state === undefined) throw new ParqueueError('PQ_NOT_FOUND', `no file ${path}`);
    return { path, state };
  };
  const touch = async (label: string, state: SimSourceState, signal: AbortSignal): Promise<void> => {
    await gate(label);
    signal.throwIfAborted();
    if (state.failing) throw new ParqueueError('PQ_SOURCE_UNAVAILABLE', 'the simulated source is down');
  };
  return {
    async probe(request, { signal }) {
      const { state } = stateOf(request);
      await touch('source-probe', state, signal);
      return { version: versionOf(state.current), parts: {}, reads: {} };
    },
    async open(request, { signal, onFirstBatch }): Promise<Snapshot> {
      const { path, state } = stateOf(request);
      await touch('source-open', state, signal);
      const content = state.current;
      const openedStep = scheduler.steps;
      return {
        version: async () => {
          await touch('source-version', state, signal);
          return versionOf(content);
        },
        extract: async (target: PartTarget): Promise<Extract> => {
          await touch('source-first-batch', state, signal);
          await onFirstBatch();
          state.loads.set(content, (state.loads.get(content) ?? 0) + 1);
          await touch('source-last-batch', state, signal);
          const rows: SimRows = { path, content, openedStep };
          const { sha256 } = await store.writePart(target.path, rows);
          return { version: versionOf(content), consistency: 'exact', rows: 1, sha256, columns: [], details: {} };
        },
        [Symbol.asyncDispose]: async () => undefined,
      };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function versionOf(content: number): Version {
  return `checksum:${content}`;
}
