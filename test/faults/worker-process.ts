/**
 * A worker in a process of its own, for tests that kill, stop and hold it. It is the real worker; what is added is an
 * ear for its steps: each is told to the parent, and the one named `hold` waits until the parent lets it go.
 */
import pino from 'pino';
import type { StepName } from '@parqueue/core';
import type { Config } from '@parqueue/core/config';
import { startWorker, type QueueTiming } from '@parqueue/worker';

export type ToWorker =
  | {
      readonly kind: 'start';
      readonly config: Config;
      readonly queueTiming: QueueTiming;
      readonly hold: StepName | null;
      readonly logFile: string;
    }
  | { readonly kind: 'hold'; readonly step: StepName }
  | { readonly kind: 'release' };

export type FromWorker =
  | { readonly kind: 'ready'; readonly url: string }
  | { readonly kind: 'step'; readonly name: StepName; readonly details: Readonly<Record<string, unknown>> };

let release = (): void => undefined;
const released = new Promise<void>((resolve) => {
  release = resolve;
});
let held: StepName | null = null;

function tell(message: FromWorker): void {
  process.send?.(message);
}

async function start(order: Extract<ToWorker, { kind: 'start' }>): Promise<void> {
  held = order.hold;
  const worker = await startWorker({
    config: order.config,
    queueTiming: order.queueTiming,
    log: pino({ level: 'debug' }, pino.destination({ dest: order.logFile, sync: true })),
    onStep: async (name, details) => {
      tell({ kind: 'step', name, details });
      if (name === held) await released;
    },
  });
  process.once('SIGTERM', () => {
    void worker.drain().then(() => process.exit(0));
  });
  tell({ kind: 'ready', url: worker.url });
}

process.on('message', (message: ToWorker) => {
  if (message.kind === 'release') release();
  else if (message.kind === 'hold') held = message.step;
  else void start(message);
});
process.once('disconnect', () => process.exit(1));
