/**
 * One API or worker in a process of its own, as production runs it. What is added: it says when it is ready, and a worker
 * says which steps its loads take.
 */
import type { FillStep, OnStep, StepName } from '@parqueue/core';
import type { Config } from '@parqueue/core/config';
import type { QueueTiming } from '@parqueue/worker';
import pino from 'pino';

export interface ServerStart {
  readonly kind: 'start';
  readonly role: 'api' | 'worker';
  readonly config: Config;
  readonly queueTiming: QueueTiming;
  readonly logFile: string;
}

export type FromServer =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'step';
      readonly name: StepName;
      readonly key: string;
      readonly fillId: string;
      /** When it was taken, by the clock that all processes of a host share: who is stopped then tells it later. */
      readonly atMs: number;
      /** Of a commit: the source's version, as the generation's manifest tells it. */
      readonly version: string | null;
    };

/** Of a load that reads rows, and of a head that goes: what decides how often something has to be loaded. */
const TOLD: ReadonlySet<StepName> = new Set<FillStep | StepName>(['first-batch', 'commit-acked', 'head-evicted']);

function tell(message: FromServer): void {
  process.send?.(message);
}

async function start({ role, config, queueTiming, logFile }: ServerStart): Promise<void> {
  const log = pino({ level: 'warn' }, pino.destination({ dest: logFile, sync: true }));
  if (role === 'api') {
    const { startApi } = await import('@parqueue/api');
    const api = await startApi({ config, log });
    process.once('SIGTERM', () => void api.close().then(() => process.exit(0)));
  } else {
    const { startWorker } = await import('@parqueue/worker');
    const { openStore } = await import('@parqueue/core/store');
    const { reader } = await openStore(config.store);
    const versionOf = async (key: string, fence: number): Promise<string | null> => {
      const found = await reader.inspect(key, fence).catch(() => null);
      return found?.kind === 'whole' ? found.manifest.version : null;
    };
    const onStep: OnStep = async (name, details) => {
      if (!TOLD.has(name)) return;
      const atMs = performance.timeOrigin + performance.now();
      const [key, fillId] = [String(details['key']), String(details['fillId'])];
      const version = name === 'commit-acked' ? await versionOf(key, Number(details['fence'])) : null;
      tell({ kind: 'step', name, key, fillId, atMs, version });
    };
    const worker = await startWorker({ config, queueTiming, log, onStep });
    process.once('SIGTERM', () => void worker.drain().then(() => process.exit(0)));
  }
  tell({ kind: 'ready' });
}

process.once('message', (message: ServerStart) => {
  start(message).catch((error: unknown) => {
    process.stderr.write(`${message.role}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  });
});
process.once('disconnect', () => process.exit(1));
// Ctrl-C is for the swarm, which says how it ends.
process.on('SIGINT', () => undefined);
