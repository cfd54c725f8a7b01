/**
 * An application in a process of its own, for tests that run, hold and kill several: a class with a wrapped method, whose
 * rows and version are in a file that the test writes. It tells its parent when the method runs and what its callers got.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { currentLoad, Parqueue, type CachedCall, type CachedDataset, type Row } from '@parqueue/client';
import {
  FIELDS,
  TOPIC_ROWS,
  type ApplicationAnswer,
  type FromApplication,
  type ToApplication,
  type TopicState,
} from './wrap-protocol.ts';

interface TopicRow {
  readonly version: number;
  readonly id: bigint;
  readonly text: string;
}

let release = (): void => undefined;
const released = new Promise<void>((resolve) => {
  release = resolve;
});

function tell(message: FromApplication): void {
  process.send?.(message);
}

interface Application {
  readonly ask: (topic: string) => Promise<ApplicationAnswer>;
  readonly close: () => Promise<void>;
}

function start({ url, root, redis, state, leaseSeconds }: Extract<ToApplication, { kind: 'start' }>): Application {
  const parqueue = new Parqueue({ url, store: { root, redis, leaseSeconds } });
  const stateOf = async (topic: string): Promise<TopicState> =>
    JSON.parse(await readFile(join(state, `${topic}.json`), 'utf8')) as TopicState;

  class Topics {
    @parqueue.cached.dataset('words')
    readonly words!: CachedDataset;

    @parqueue.cached.file({ source: 'lake', path: (name: string) => `${name}.csv` }, { as: 'rows' })
    readonly file!: CachedCall<[name: string], readonly Row[]>;

    @parqueue.cached.wrap({
      key: 'topics',
      version: async (topic: string) => (await stateOf(topic)).version,
      columns: { id: 'bigint' },
    })
    async rows(topic: string): Promise<TopicRow[]> {
      tell({ kind: 'load', topic });
      const signal = currentLoad()?.signal;
      signal?.addEventListener('abort', () => tell({ kind: 'stopped', topic }));
      const { version, hold, fail } = await stateOf(topic);
      if (fail !== undefined) throw new TypeError(fail);
      if (hold === true) await released;
      return Array.from({ length: TOPIC_ROWS }, (_, at) => ({ version, id: BigInt(at), text: `${topic} ${at}` }));
    }
  }

  const topics = new Topics();
  return {
    ask: async (topic) => {
      try {
        if (topic === FIELDS) {
          const [table, rows] = await Promise.all([topics.words(), topics.file('words')]);
          return { rows: table.numRows, versions: [rows.length] };
        }
        const rows = await topics.rows(topic);
        const sound = rows.every(({ id, text }, at) => id === BigInt(at) && text === `${topic} ${at}`);
        return { rows: sound ? rows.length : -1, versions: [...new Set(rows.map(({ version }) => version))] };
      } catch (error) {
        const { code, message, cause } = error as { code?: string; message: string; cause?: unknown };
        return { code: code ?? 'none', message, cause: cause instanceof Error ? cause.message : null };
      }
    },
    close: () => parqueue.close(),
  };
}

let application: Application | null = null;

async function answer({ id, topic, callers }: Extract<ToApplication, { kind: 'ask' }>): Promise<void> {
  const { ask } = application ?? {};
  if (ask === undefined) return;
  tell({ kind: 'answers', id, answers: await Promise.all(Array.from({ length: callers }, () => ask(topic))) });
}

process.on('message', (message: ToApplication) => {
  switch (message.kind) {
    case 'start':
      application = start(message);
      return tell({ kind: 'ready' });
    case 'ask':
      return void answer(message);
    case 'release':
      return release();
    case 'close':
      return void application?.close().then(() => {
        tell({ kind: 'closed' });
        process.disconnect();
      });
    default:
      message satisfies never;
  }
});
process.once('disconnect', () => {
  // With the parent gone nobody hears; after a close nothing is left that would keep the process.
  if (application === null) process.exit(1);
});
