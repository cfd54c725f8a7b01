/** A stack that a swarm starts for itself, with everything in one temporary folder, and how often its workers loaded. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import { scrape, sumOf } from '../metrics-text.ts';
import { startStack } from '../up/stack.ts';
import type { LoadCounts } from './judge.ts';

export interface OwnStack {
  readonly url: string;
  readonly folder: string;
  loads(): Promise<LoadCounts>;
  stop(): Promise<void>;
}

export interface OwnStackPlan {
  readonly workers: number;
  /** YAML under `sources:` and `datasets:`. */
  readonly sources: string;
  readonly datasets: string;
  /** Environment for the servers, where the secrets of `sources` are. */
  readonly env?: Readonly<Record<string, string>>;
}

export async function startOwnStack(context: Context, plan: OwnStackPlan): Promise<OwnStack> {
  const folder = mkdtempSync(join(tmpdir(), 'parqueue-swarm-'));
  const config = join(folder, 'parqueue.yaml');
  writeFileSync(config, configText(plan));
  const showLines = (context.env['PARQUEUE_DEBUG'] ?? '') !== '';
  try {
    const stack = await startStack(
      { ...context, env: { ...context.env, ...plan.env } },
      {
        config,
        workers: plan.workers,
        events: {
          onLine: (name, line) => {
            if (showLines) context.err(`${name} ${line}`);
          },
          onNote: (line) => context.err(line),
        },
      },
    );
    return {
      url: stack.url,
      folder,
      loads: async () => await countLoads(stack.workerUrls),
      stop: async () => {
        await stack.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function countLoads(workerUrls: readonly string[]): Promise<LoadCounts> {
  const samples = await scrape(workerUrls);
  const of = (outcome: string): number => sumOf(samples, 'parqueue_fills_total', { outcome });
  return { committed: of('committed'), fenced: of('fenced'), failed: of('failed'), unchanged: of('unchanged') };
}

function configText({ sources, datasets }: OwnStackPlan): string {
  return `listen: { host: 127.0.0.1, port: 0 }
store: { root: ./store }
redis: { durable: false }
worker: { listen: { host: 127.0.0.1, port: 0 } }
sources:
${sources}
datasets:
${datasets}
`;
}
