/**
 * A simulated system of record: per thing (a file, a table) a value that writers change, with its whole history. What was
 * current when is the truth that every answer is compared with.
 */
import {
  composeVersion,
  ParqueueError,
  type CanonicalRequest,
  type Extract,
  type PartTarget,
  type Probed,
  type Snapshot,
  type Source,
} from '@parqueue/core';
import type { MemoryStore } from '@parqueue/core/testing';
import type { Scheduler } from './scheduler.ts';
import { entryOf, namesOf, partVersion, thingsOf, versionOf, VIEWS, type Contents } from './sim-requests.ts';

export interface SourceState {
  readonly content: number;
  readonly fromStep: number;
  readonly fromMs: number;
}

/** A time in which something held; `to` is its end, Infinity while it holds. */
export interface Span {
  readonly fromStep: number;
  readonly toStep: number;
  readonly toMs: number;
}

export class SimSourceState {
  readonly history: SourceState[];
  failing = false;
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

  /** When it held that content. A file's may come back, a table's version counts on. */
  spansOf(content: number): readonly Span[] {
    return this.history.flatMap((state, index) => {
      if (state.content !== content) return [];
      const next = this.history[index + 1];
      return [{ fromStep: state.fromStep, toStep: next?.fromStep ?? Infinity, toMs: next?.fromMs ?? Infinity }];
    });
  }
}

/** Whether all things held these contents at one and the same moment, at or after the given step and time. */
export function heldTogetherSince(
  things: ReadonlyMap<string, SimSourceState>,
  contents: Contents,
  since: { readonly step: number; readonly ms: number },
): boolean {
  const always: readonly Span[] = [{ fromStep: 0, toStep: Infinity, toMs: Infinity }];
  const together = Object.entries(contents).reduce((spans, [name, content]) => {
    const own = things.get(name)?.spansOf(content) ?? [];
    return spans.flatMap((a) => own.flatMap((b) => overlap(a, b)));
  }, always);
  return together.some(({ toStep, toMs }) => toStep >= since.step && toMs >= since.ms);
}

function overlap(a: Span, b: Span): readonly Span[] {
  const fromStep = Math.max(a.fromStep, b.fromStep);
  const toStep = Math.min(a.toStep, b.toStep);
  return fromStep < toStep ? [{ fromStep, toStep, toMs: Math.min(a.toMs, b.toMs) }] : [];
}

export interface SimRows {
  readonly entry: string;
  readonly contents: Contents;
  /** When the snapshot of these rows was opened. */
  readonly openedStep: number;
}

export interface SimSourceParts {
  readonly things: ReadonlyMap<string, SimSourceState>;
  readonly scheduler: Scheduler;
  readonly gate: (label: string) => Promise<void>;
  readonly store: MemoryStore;
  /** Told of each load, and of each part that a probe asked. */
  readonly onLoad: (state: string) => void;
  readonly onAsk: () => void;
  /** Told of each point at which the source was down. */
  readonly onFailure: (label: string) => void;
  /** What rows of an entry take; null: as much as their text. */
  readonly bytesOf: (entry: string) => number | null;
}

/** The Source port over such things, as one process's threads see it. */
export function simSource({
  things,
  scheduler,
  gate,
  store,
  onLoad,
  onAsk,
  onFailure,
  bytesOf,
}: SimSourceParts): Source {
  const touch = async (label: string, names: readonly string[], signal: AbortSignal): Promise<void> => {
    await gate(label);
    signal.throwIfAborted();
    if (names.every((name) => things.get(name)?.failing === false)) return;
    onFailure(label);
    throw new ParqueueError('PQ_SOURCE_UNAVAILABLE', 'the simulated source is down');
  };
  const contentsOf = (names: readonly string[]): Contents =>
    Object.fromEntries(names.map((name) => [name, things.get(name)?.current ?? -1]));
  return {
    async probe(request, { signal, known }) {
      if (request.question.kind === 'sql') return await probeParts(request, signal, known);
      await touch('source-probe', thingsOf(request), signal);
      onAsk();
      return { version: versionOf(request, contentsOf(thingsOf(request))), parts: {}, reads: {} };
    },
    async open(request, { signal, onFirstBatch }): Promise<Snapshot> {
      const names = thingsOf(request);
      await touch('source-open', names, signal);
      const contents = contentsOf(names);
      const version = versionOf(request, contents);
      const openedStep = scheduler.steps;
      return {
        version: async () => {
          await touch('source-version', names, signal);
          return version;
        },
        extract: async (target: PartTarget): Promise<Extract> => {
          await touch('source-first-batch', names, signal);
          await onFirstBatch();
          onLoad(`${entryOf(request)} ${version}`);
          const rows: SimRows = { entry: entryOf(request), contents, openedStep };
          const bytes = bytesOf(rows.entry);
          if (bytes !== null) await store.writePart(target.path, rows, { bytes: Math.ceil(bytes / 2) });
          await touch('source-last-batch', names, signal);
          const { sha256 } = await store.writePart(target.path, rows, bytes === null ? {} : { bytes });
          const details = { reads: readsOfNames(namesOf(request)) };
          return { version, consistency: 'exact', rows: 1, sha256, columns: [], details };
        },
        [Symbol.asyncDispose]: async () => undefined,
      };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };

  /** One part after the other, each at a moment of its own. */
  async function probeParts(
    request: CanonicalRequest,
    signal: AbortSignal,
    known: Readonly<Record<string, string>>,
  ): Promise<Probed> {
    const versions: Record<string, string> = { ...known };
    const asked = namesOf(request).filter((name) => known[name] === undefined);
    for (const name of asked) {
      const tables = VIEWS[name] ?? [name];
      await touch('source-probe', tables, signal);
      onAsk();
      versions[name] = partVersion(name, contentsOf(tables));
    }
    const parts = asked.map((name) => [name, { version: versions[name] ?? '', costMs: 1 }] as const);
    return {
      version: composeVersion('rowscn', versions),
      parts: Object.fromEntries(parts),
      reads: readsOfNames(asked),
    };
  }
}

/** What the dictionary says of the views among the names. */
function readsOfNames(names: readonly string[]): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(names.flatMap((name) => (VIEWS[name] === undefined ? [] : [[name, VIEWS[name]]])));
}
