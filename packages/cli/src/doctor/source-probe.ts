/** Asks the child that asks a source, and gives it up when nothing comes back. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Failure } from '@parqueue/core';
import type { Config } from '@parqueue/core/config';
import type { SourceAnswer } from '@parqueue/worker';

export interface SourceProbe {
  readonly config: Config;
  readonly source: string;
  /** Of one question. */
  readonly limitMs: number;
}

export type SourceProbeNews =
  | { readonly kind: 'answer'; readonly answer: SourceAnswer }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'end' };

/** Relative to src/doctor and to dist/doctor alike, this is the built child. */
const CHILD = fileURLToPath(new URL('../../dist/doctor/source-probe.child.js', import.meta.url));
/** Loading a driver takes seconds on a busy host. */
const START_LIMIT_MS = 60_000;
/** What a question gets beyond its own limit: its thread is asked to stop, and then ended. */
const GRACE_MS = 5000;

export async function probeSource(probe: SourceProbe): Promise<readonly SourceAnswer[]> {
  const child = fork(CHILD, [], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: [],
    serialization: 'advanced',
  });
  const answers: SourceAnswer[] = [];
  const failure = await new Promise<Failure | null>((resolve) => {
    const wait = { timer: setTimeout(() => undefined, 0) };
    const patience = (ms: number): void => {
      clearTimeout(wait.timer);
      wait.timer = setTimeout(() => resolve(unavailable(`no answer within ${Math.round(ms / 1000)} s`)), ms);
    };
    patience(START_LIMIT_MS);
    child.on('message', (message) => {
      const news = message as SourceProbeNews;
      if (news.kind === 'end') return resolve(null);
      if (news.kind === 'failed') return resolve(news.failure);
      answers.push(news.answer);
      return patience(probe.limitMs + GRACE_MS);
    });
    child.once('exit', (code, signal) => resolve(unavailable(`what asked it ended with ${signal ?? code}`)));
    child.once('error', (error) => resolve(unavailable(error.message)));
    child.send(probe);
    child.once('exit', () => clearTimeout(wait.timer));
  });
  child.kill('SIGKILL');
  child.unref();
  if (failure !== null) answers.push(answerOf(probe.source, answers, failure));
  return answers;
}

function unavailable(message: string): Failure {
  return { code: 'PQ_SOURCE_UNAVAILABLE', message, retryable: true };
}

function answerOf(source: string, before: readonly SourceAnswer[], failure: Failure): SourceAnswer {
  const dataset = before.length === 0 ? null : 'the next dataset';
  return { source, dataset, ok: false, failure, tookMs: 0, parts: {}, skipped: null };
}
