/**
 * `parqueue demo`: the main job with real processes, each step checked: first on files, then over the Oracle protocol.
 * Runs on ports, a store and a Redis of its own; the data folder stays, so that `npm start` and curious people find
 * something to ask for.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import type { Context } from '../context.ts';
import { Asking } from '../demo/asking.ts';
import { ensureDemoData, PRICES, SALES } from '../demo/data.ts';
import { tellFileStory, writeFiles, type FileScene } from '../demo/file-story.ts';
import { ORACLE_PASSWORD_ENV, oracleYaml, tellOracleStory } from '../demo/oracle-story.ts';
import { ClaimBroken, Story, type Telling } from '../demo/story.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { findOracleTools } from '../oracle/clone.ts';
import { startOracleTestServer, type OracleTestServer } from '../oracle/test-server.ts';
import { spellMs } from '../output/units.ts';
import { startStack, type Stack } from '../up/stack.ts';

export interface DemoOptions {
  readonly rows: number;
  readonly dataOnly?: boolean;
  readonly keep?: boolean;
}

const DATA_FOLDER = join('var', 'demo', 'data');
/** By either the demo ends as by a broken claim: what it started ends with it. `npm` and `timeout` may tell it twice. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

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
  const running: Running = { stack: null, oracle: null };
  const onSignal = (): void => {
    running.stack?.kill();
    running.oracle?.kill();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    context.out('Parqueue: one load of a slow source, many answers, and none of them stale.');
    const sales = { ...SALES, rows: options.rows };
    const oracleTold = await tell(context, { data, directory, log, running, sales });
    context.out(
      `\nEvery step did what it said, in ${spellMs(context.clock.now() - began)}.\n${whatNext(context, data, oracleTold)}`,
    );
    return EXIT.ok;
  } catch (error) {
    const lastLines = `Last lines of the servers:\n${log.slice(-15).join('\n')}`;
    if (!(error instanceof ClaimBroken)) {
      context.err(lastLines);
      throw error;
    }
    context.err(`\nFAILED: ${error.message}\n${lastLines}`);
    return EXIT.failed;
  } finally {
    await running.stack?.stop();
    await running.oracle?.stop();
    for (const signal of SIGNALS) process.off(signal, onSignal);
    if (options.keep === true) context.err(`kept ${directory}`);
    else rmSync(directory, { recursive: true, force: true });
  }
}

interface Scene extends FileScene {
  readonly directory: string;
  readonly log: string[];
  readonly running: Running;
}

interface Running {
  stack: Stack | null;
  oracle: OracleTestServer | null;
}

/** @returns whether the Oracle story was told. */
async function tell(context: Context, scene: Scene): Promise<boolean> {
  const story = new Story(context);
  const tools = findOracleTools();
  await story.step(
    'Write a source: one big Parquet file and one CSV',
    async (telling) => await writeFiles(scene, telling),
  );
  const { stack, server } = await story.step('Start: a Redis, two workers, the API', async ({ show }) => {
    const server = tools === null ? null : await startOracleTestServer(context, tools.server);
    scene.running.oracle = server;
    return { server, stack: await start(context, { ...scene, server }, show) };
  });
  const asking = new Asking(context, stack);
  await tellFileStory(story, asking, scene);
  if (tools === null || server === null) {
    context.out(
      `\n    The Oracle story needs the protocol test server, which only a built clone of the repository has: left out.`,
    );
    return false;
  }
  await tellOracleStory(story, asking, { context, tools, server });
  return true;
}

async function start(
  context: Context,
  { data, directory, log, running, server }: Scene & { readonly server: OracleTestServer | null },
  show: Telling['show'],
): Promise<Stack> {
  const config = join(directory, 'parqueue.yaml');
  writeFileSync(config, demoConfig(data, server));
  const secrets = server === null ? {} : { [ORACLE_PASSWORD_ENV]: server.connection.password };
  const keep = (line: string): void => {
    log.push(line);
    if ((context.env['PARQUEUE_DEBUG'] ?? '') !== '') context.err(line);
  };
  const stack = await startStack(
    { ...context, env: { ...context.env, ...secrets } },
    {
      config,
      workers: 2,
      events: {
        onLine: (name, line) => keep(`${name} ${line}`),
        onNote: (line) => (line.startsWith('NOT DURABLE') ? context.err(`    ${line}`) : keep(line)),
      },
    },
  );
  running.stack = stack;
  show('redis', stack.redis.description);
  show('api', stack.url);
  show('workers', stack.workerUrls.join(', '));
  return stack;
}

function demoConfig(data: string, server: OracleTestServer | null): string {
  const oracle = server === null ? { source: '', datasets: '' } : oracleYaml(server);
  return `listen: { host: 127.0.0.1, port: 0 }
store: { root: ./store }
redis: { durable: false }
worker: { listen: { host: 127.0.0.1, port: 0 } }
sources:
  files: { kind: file, root: ${JSON.stringify(data)} }
${oracle.source}datasets:
  sales: { source: files, path: sales.parquet }
  prices: { source: files, path: "prices/{market}.csv", params: { market: { type: string, pattern: "[a-z]+" } } }
${oracle.datasets}`;
}

function whatNext(context: Context, data: string, oracleTold: boolean): string {
  const folder = relative(context.cwd, data) || '.';
  return `Next:
  npm start                                    serve this data with examples/parqueue.yaml, then
  open http://127.0.0.1:8787/                  the page
  curl -O  http://127.0.0.1:8787/v1/datasets/sales.parquet
  curl -sI http://127.0.0.1:8787/v1/datasets/sales.parquet | grep -i -e cache-status -e etag
  curl -s 'http://127.0.0.1:8787/v1/datasets/prices.json?market=xetra&limit=3'
  edit ${folder}/${PRICES.path} and ask again: the next answer has your line in it
  npx parqueue swarm file                      many processes against a changing file${oracleTold ? NEXT_WITH_ORACLE : ''}`;
}

const NEXT_WITH_ORACLE = `
  npx parqueue swarm sql                       the same over the Oracle protocol, with a writer that commits meanwhile
  edit examples/oracle.yaml                    your own database; docs/oracle-sources.md says which grants it needs
  infra/oracle/README.md                       an Oracle Database Free in Docker, and the tests on it`;
