/**
 * `parqueue demo`: the main job on real files with real processes, each step checked. Runs on ports, a store and a
 * Redis of its own; the data folder stays, so that `npm start` and curious people find something to ask for.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import type { Context } from '../context.ts';
import { Asking } from '../demo/asking.ts';
import { ensureDemoData, PRICES, SALES, writeDemoFile, type DemoFile } from '../demo/data.ts';
import { ClaimBroken, Story, type Telling } from '../demo/story.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { spellBytes, spellCount, spellMs } from '../output/units.ts';
import { startStack, type Stack } from '../up/stack.ts';

export interface DemoOptions {
  readonly rows: number;
  readonly dataOnly?: boolean;
  readonly keep?: boolean;
}

const DATA_FOLDER = join('var', 'demo', 'data');
const CALLERS = 50;

export async function demo(context: Context, options: DemoOptions): Promise<ExitCode> {
  const data = resolve(context.cwd, DATA_FOLDER);
  if (options.dataOnly === true) {
    const written = await ensureDemoData(data);
    for (const path of written) context.err(`wrote ${relative(context.cwd, path)}`);
    return EXIT.ok;
  }
  const directory = mkdtempSync(join(tmpdir(), 'parqueue-demo-'));
  const began = context.clock.now();
  const log: string[] = [];
  const running: { stack: Stack | null } = { stack: null };
  const onSignal = (): void => running.stack?.kill();
  process.once('SIGINT', onSignal);
  try {
    context.out('Parqueue: one load of a slow source, many answers, and none of them stale.');
    await tell(context, { data, directory, log, running, sales: { ...SALES, rows: options.rows } });
    context.out(
      `\nEvery step did what it said, in ${spellMs(context.clock.now() - began)}.\n${whatNext(context, data)}`,
    );
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof ClaimBroken)) throw error;
    context.err(`\nFAILED: ${error.message}\nLast lines of the servers:\n${log.slice(-15).join('\n')}`);
    return EXIT.failed;
  } finally {
    await running.stack?.stop();
    process.off('SIGINT', onSignal);
    if (options.keep === true) context.err(`kept ${directory}`);
    else rmSync(directory, { recursive: true, force: true });
  }
}

interface Scene {
  readonly data: string;
  readonly directory: string;
  readonly log: string[];
  readonly running: { stack: Stack | null };
  readonly sales: DemoFile;
}

async function tell(context: Context, scene: Scene): Promise<void> {
  const story = new Story(context);
  const { data, sales } = scene;
  await story.step('Write a source: one big Parquet file and one CSV', async ({ show }) => {
    show(sales.path, `${spellCount(sales.rows)} rows, ${spellBytes(await writeDemoFile(data, sales, 1))}`);
    show(PRICES.path, `${spellCount(PRICES.rows)} rows, ${spellBytes(await writeDemoFile(data, PRICES, 1))}`);
  });
  const stack = await story.step(
    'Start: a Redis, two workers, the API',
    async ({ show }) => await start(context, scene, show),
  );
  const asking = new Asking(context, stack);

  const cold = await story.step('Cold: the first ask loads the file once', async (telling) => {
    const asked = await asking.ask(telling, 'sales');
    telling.claim(/fwd=(uri-)?miss/.test(asked.cacheStatus), 'the cache had nothing yet');
    telling.claim(
      asked.rows === sales.rows && asked.revision === 1,
      `all ${spellCount(sales.rows)} rows of revision 1 are there`,
    );
    telling.claim((await asking.loads()) === 1, 'there was exactly one load');
    return asked;
  });
  await story.step('Warm: the second ask is answered from the published file', async (telling) => {
    const asked = await asking.ask(telling, 'sales');
    telling.claim(/;\s*hit/.test(asked.cacheStatus), 'it was a hit, after one look at the file');
    telling.claim(
      asked.etag === cold.etag && asked.generation === cold.generation,
      'the very same generation, byte for byte',
    );
    telling.claim((await asking.loads()) === 1, 'the file was not loaded again');
    telling.claim(await asking.isNotModified('sales', asked.etag), 'with If-None-Match the answer is 304 and no bytes');
  });
  await story.step('A CSV is asked for in the same way, and answered as Parquet', async (telling) => {
    const asked = await asking.ask(telling, 'prices', { market: 'xetra' });
    telling.claim(asked.rows === PRICES.rows, `all ${spellCount(PRICES.rows)} lines became rows`);
    telling.claim((await asking.loads()) === 2, 'with one load');
    telling.show('one row', JSON.stringify(asked.firstRow));
  });
  const changed = await story.step('The source changes, and the next ask notices', async (telling) => {
    await writeDemoFile(data, sales, 2);
    const asked = await asking.ask(telling, 'sales');
    telling.claim(asked.revision === 2, 'the rows are those of revision 2: nothing stale was served');
    telling.claim(
      asked.etag !== cold.etag && asked.generation > cold.generation,
      'in a new generation with a new ETag',
    );
    telling.claim((await asking.loads()) === 3, 'after one more load');
    return asked;
  });
  await story.step('And is warm again', async (telling) => {
    const asked = await asking.ask(telling, 'sales');
    telling.claim(/;\s*hit/.test(asked.cacheStatus) && asked.etag === changed.etag, 'a hit on revision 2');
    telling.claim((await asking.loads()) === 3, 'without a load');
  });
  await story.step(`${CALLERS} callers at once after another change`, async (telling) => {
    await writeDemoFile(data, sales, 3);
    await fiftyAtOnce(asking, telling, changed.etag);
  });
}

async function fiftyAtOnce(asking: Asking, telling: Telling, etagBefore: string): Promise<void> {
  const before = await asking.loads();
  const asked = await Promise.all(Array.from({ length: CALLERS }, async () => await asking.fetchWhole('sales')));
  const etags = new Set(asked.map(({ etag }) => etag));
  const tally = new Map<string, number>();
  for (const { cacheStatus } of asked) {
    const kind = /;\s*hit/.test(cacheStatus) ? 'hit' : `fwd${/collapsed/.test(cacheStatus) ? ', collapsed' : ''}`;
    tally.set(kind, (tally.get(kind) ?? 0) + 1);
  }
  telling.show('answers', [...tally].map(([kind, count]) => `${count} × ${kind}`).join(', '));
  telling.show('loads', String((await asking.loads()) - before));
  telling.claim(etags.size === 1 && !etags.has(etagBefore), `all ${CALLERS} got the same new bytes`);
  telling.claim((await asking.loads()) - before === 1, 'the file was loaded exactly once for all of them');
}

async function start(
  context: Context,
  { data, directory, log, running }: Scene,
  show: Telling['show'],
): Promise<Stack> {
  const config = join(directory, 'parqueue.yaml');
  writeFileSync(config, demoConfig(data));
  const keep = (line: string): void => {
    log.push(line);
    if ((context.env['PARQUEUE_DEBUG'] ?? '') !== '') context.err(line);
  };
  const stack = await startStack(context, {
    config,
    workers: 2,
    events: {
      onLine: (name, line) => keep(`${name} ${line}`),
      onNote: (line) => (line.startsWith('NOT DURABLE') ? context.err(`    ${line}`) : keep(line)),
    },
  });
  running.stack = stack;
  show('redis', stack.redis.description);
  show('api', stack.url);
  show('workers', stack.workerUrls.join(', '));
  return stack;
}

function demoConfig(data: string): string {
  return `listen: { host: 127.0.0.1, port: 0 }
store: { root: ./store }
redis: { durable: false }
worker: { listen: { host: 127.0.0.1, port: 0 } }
sources:
  files: { kind: file, root: ${JSON.stringify(data)} }
datasets:
  sales: { source: files, path: sales.parquet }
  prices: { source: files, path: "prices/{market}.csv", params: { market: { type: string, pattern: "[a-z]+" } } }
`;
}

function whatNext(context: Context, data: string): string {
  const folder = relative(context.cwd, data) || '.';
  return `Next:
  npm start                                    serve this data with examples/parqueue.yaml, then
  open http://127.0.0.1:8787/                  the page
  curl -O  http://127.0.0.1:8787/v1/datasets/sales.parquet
  curl -sI http://127.0.0.1:8787/v1/datasets/sales.parquet | grep -i -e cache-status -e etag
  curl -s 'http://127.0.0.1:8787/v1/datasets/prices.json?market=xetra&limit=3'
  edit ${folder}/${PRICES.path} and ask again: the next answer has your line in it
  npx parqueue swarm file                      many processes against a changing file`;
}
