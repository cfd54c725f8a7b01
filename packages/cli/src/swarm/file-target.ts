/** A Parquet file that a process of the swarm replaces, asked for as a dataset of our own stack or of a given server. */
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Context } from '../context.ts';
import { UsageError } from '../exit.ts';
import { startOwnStack } from './own-stack.ts';
import { SwarmGenerator } from './processes.ts';
import type { SwarmSize, SwarmTarget } from './run.ts';

export interface FileSwarmOptions extends SwarmSize {
  readonly workers: number;
  readonly url?: string;
  readonly key?: string;
  readonly dataset?: string;
  readonly file?: string;
}

export async function openFileTarget(context: Context, options: FileSwarmOptions): Promise<SwarmTarget> {
  return options.url === undefined
    ? await ownTarget(context, options)
    : givenTarget(context, { ...options, url: options.url });
}

async function ownTarget(context: Context, options: FileSwarmOptions): Promise<SwarmTarget> {
  const stack = await startOwnStack(context, {
    workers: options.workers,
    sources: '  files: { kind: file, root: ./data }',
    datasets: '  swarm: { source: files, path: swarm.parquet }',
  });
  const target = changingFile(options, join(stack.folder, 'data', 'swarm.parquet'));
  return {
    ...target,
    url: stack.url,
    question: { dataset: 'swarm' },
    counts: async () => ({ loads: await stack.loads(), executions: null }),
    stop: async () => {
      await target.stop();
      await stack.stop();
    },
  };
}

/** A server that runs elsewhere: its file is ours to replace, its workers cannot be asked for their counters. */
function givenTarget(context: Context, options: FileSwarmOptions & { readonly url: string }): SwarmTarget {
  const { url, dataset, file } = options;
  if (dataset === undefined || file === undefined)
    throw new UsageError('--url also needs --dataset NAME and --file PATH, the file that dataset reads');
  return {
    ...changingFile(options, resolve(context.cwd, file)),
    url,
    question: { dataset },
    counts: async () => await Promise.resolve({ loads: null, executions: null }),
  };
}

function changingFile(
  { regenerations, rows, seed, key }: FileSwarmOptions,
  file: string,
): Pick<SwarmTarget, 'apiKey' | 'freshness' | 'shape' | 'change' | 'stop'> {
  mkdirSync(dirname(file), { recursive: true });
  const generator = new SwarmGenerator({ file, revisions: regenerations + 1, rows, seed });
  return {
    apiKey: key ?? null,
    freshness: {},
    shape: { rows, id: 'id', revisions: ['revision'] },
    change: async (revision, delayMs) => await generator.regenerate(revision, delayMs),
    stop: async () => await Promise.resolve(generator.end()),
  };
}
