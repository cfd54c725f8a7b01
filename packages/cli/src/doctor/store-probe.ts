/** Asks the child that touches the store, and gives it up when one of its steps does not end. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { StoreIdentity } from '@parqueue/core/store';

export interface StoreProbe {
  readonly root: string;
  /** Parts of heads that Redis names, relative to the root; null: only whether the folder answers at all. */
  readonly samples: readonly string[] | null;
}

export const STORE_STEPS = ['reach', 'identity', 'space', 'write', 'heads'] as const;
export type StoreStep = (typeof STORE_STEPS)[number];

export interface StoreResults {
  readonly reach: null;
  readonly identity: StoreIdentity | null;
  readonly space: {
    readonly freeBytes: number;
    readonly totalBytes: number;
    readonly freeFiles: number;
    readonly totalFiles: number;
  };
  readonly write: null;
  readonly heads: { readonly looked: number; readonly missing: readonly string[] };
}

export type StoreProbeNews =
  | { readonly kind: 'begins'; readonly step: StoreStep }
  | { readonly kind: 'done'; readonly step: StoreStep; readonly tookMs: number; readonly result: unknown }
  | { readonly kind: 'failed'; readonly step: StoreStep; readonly errno: string; readonly message: string };

export type StepOutcome<Result> =
  | { readonly kind: 'done'; readonly tookMs: number; readonly result: Result }
  | { readonly kind: 'failed'; readonly errno: string; readonly message: string }
  | { readonly kind: 'hung'; readonly limitMs: number };

export type StoreOutcomes = { readonly [Step in StoreStep]?: StepOutcome<StoreResults[Step]> };

/** Relative to src/doctor and to dist/doctor alike, this is the built child. */
const CHILD = fileURLToPath(new URL('../../dist/doctor/store-probe.child.js', import.meta.url));
/** Until it says its first word it only loads itself. */
const START_LIMIT_MS = 30_000;

/** Steps behind one that failed or hung are not there. */
export async function probeStore(probe: StoreProbe, limitMs: number): Promise<StoreOutcomes> {
  const child = fork(CHILD, [JSON.stringify(probe)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] });
  const outcomes: { [Step in StoreStep]?: StepOutcome<unknown> } = {};
  let current: StoreStep = 'reach';
  await new Promise<void>((resolve) => {
    let late: NodeJS.Timeout | null = null;
    const wait = (ms: number): void => {
      if (late !== null) clearTimeout(late);
      late = setTimeout(() => {
        outcomes[current] = { kind: 'hung', limitMs };
        // It may sit in the kernel until its server is back, and must not keep us.
        child.kill('SIGKILL');
        child.disconnect();
        child.unref();
        resolve();
      }, ms);
    };
    wait(START_LIMIT_MS);
    child.on('message', (message) => {
      const news = message as StoreProbeNews;
      current = news.step;
      if (news.kind === 'done') outcomes[news.step] = { kind: 'done', tookMs: news.tookMs, result: news.result };
      if (news.kind === 'failed') outcomes[news.step] = { kind: 'failed', errno: news.errno, message: news.message };
      wait(limitMs);
    });
    child.once('disconnect', () => {
      if (late !== null) clearTimeout(late);
      resolve();
    });
  });
  // The child names the step with each result, and makes that result as the step's type says.
  return outcomes as StoreOutcomes;
}
