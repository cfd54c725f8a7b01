/** A thousand callers who ask one question at the same moment, which nobody asked before, over four API processes. */
import { writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { median, milliseconds, quantile } from '../alternate.ts';
import { Cluster } from '../cluster.ts';
import type { Bench, Findings, Section } from '../section.ts';

const CALLERS = { tiny: 40, short: 1_000, long: 1_000 };
const APIS = { tiny: 2, short: 4, long: 4 };
const ROUNDS = { tiny: 1, short: 3, long: 9 };
const ROWS = { tiny: 1_000, short: 500_000, long: 2_000_000 };
const DATASETS = `
limits: { queuePerSource: 5000 }
datasets:
  rows: { source: lake, path: "rows-{n}.csv", params: { n: { type: integer } }, freshness: { maxAge: 1h } }
`;

export const stampede: Section = {
  name: 'stampede',
  title: 'Stampede of cold callers',
  about:
    'A thousand callers, each on a connection of its own, ask POST /v1/resolve for one CSV file that was never loaded, over four `parqueue api` processes, one Redis and one `parqueue worker`. Floor: the fill alone, one caller of '
    + 'another file of the same size. Loads are counted by the fills that every one of the callers heard of, and by what the worker counted.',
  goals: [
    {
      name: 'loads',
      text: 'exactly 1 load',
      reached: ({ loads }) => (loads === undefined ? null : loads === 1),
    },
  ],
  run,
};

interface Round {
  readonly alone: number;
  /** Of each caller. */
  readonly waits: readonly number[];
  readonly loads: number;
  readonly generations: number;
}

async function run(bench: Bench): Promise<Findings> {
  await using cluster = await Cluster.start({ folder: bench.scratch, yaml: DATASETS });
  const apis = await Promise.all(Array.from({ length: bench.pick(APIS) }, () => cluster.startApi()));
  const worker = await cluster.startWorker();
  const workerUrl = await worker.ready();
  const callers = bench.pick(CALLERS);
  const agent = new Agent({ keepAlive: true, maxSockets: callers });
  const rounds: Round[] = [];
  try {
    const urls = Array.from({ length: callers }, (_, at) => apis[at % apis.length]?.url ?? '');
    // Connections are open and threads of the worker are there: neither belongs to the fill.
    await writeRows(cluster.lake('rows-0.csv'), 10);
    await Promise.all(urls.map((url) => ask(agent, url, 0)));
    for (let round = 1; round <= bench.pick(ROUNDS); round += 1) {
      bench.signal.throwIfAborted();
      const [own, others] = [2 * round, 2 * round + 1];
      for (const n of [own, others]) await writeRows(cluster.lake(`rows-${n}.csv`), bench.pick(ROWS));
      bench.progress(`round ${round}: the fill alone`);
      const alone = await ask(agent, urls[0] ?? '', own);
      const before = await fillsOf(workerUrl);
      bench.progress(`round ${round}: ${callers} callers`);
      const answers = await Promise.all(urls.map((url) => ask(agent, url, others)));
      rounds.push({
        alone: alone.ms,
        waits: answers.map(({ ms }) => ms),
        loads: (await fillsOf(workerUrl)) - before,
        generations: new Set(answers.map(({ generation }) => generation)).size,
      });
    }
  } finally {
    agent.destroy();
  }
  return findingsOf(rounds, { callers, apis: apis.length, rows: bench.pick(ROWS) });
}

function findingsOf(rounds: readonly Round[], size: Readonly<Record<'callers' | 'apis' | 'rows', number>>): Findings {
  const over = (share: number): readonly number[] => rounds.map(({ alone, waits }) => quantile(waits, share) - alone);
  const alone = rounds.map((round) => round.alone);
  return {
    measures: [
      milliseconds('the fill alone', 'floor', alone),
      milliseconds(
        'Parqueue, median of the callers',
        'ours',
        rounds.map(({ waits }) => median(waits)),
      ),
      milliseconds(
        'Parqueue, 99th of a hundred callers',
        'ours',
        rounds.map(({ waits }) => quantile(waits, 0.99)),
      ),
    ],
    figures: {
      loads: Math.max(...rounds.map(({ loads, generations }) => Math.max(loads, generations))),
      fillMs: median(alone),
      overFillP50Ms: median(over(0.5)),
      overFillP99Ms: median(over(0.99)),
    },
    notes: [
      `${size.callers} callers of ${size.apis} API processes in each round; a CSV file of ${size.rows} rows. The one who asks is a single process on the same machine: what a thousand answers cost it is in every wait.`,
    ],
  };
}

interface Heard {
  readonly ms: number;
  readonly generation: number;
}

async function ask(agent: Agent, url: string, n: number): Promise<Heard> {
  const body = JSON.stringify({ dataset: 'rows', params: { n } });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), prefer: 'wait=120' };
  const beganMs = performance.now();
  return await new Promise((resolve, reject) => {
    request(`${url}/v1/resolve`, { method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => void chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const ms = performance.now() - beganMs;
        const text = Buffer.concat(chunks).toString();
        if (response.statusCode !== 200) return reject(new Error(`${response.statusCode}: ${text}`));
        resolve({ ms, generation: (JSON.parse(text) as { generation: number }).generation });
      });
    })
      .on('error', reject)
      .end(body);
  });
}

/** Loads that the worker has committed since it began. */
async function fillsOf(workerUrl: string): Promise<number> {
  const text = await (await fetch(`${workerUrl}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith('parqueue_fills_total'));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

async function writeRows(path: string, rows: number): Promise<void> {
  const lines = Array.from({ length: rows }, (_, id) => `${id},word ${id % 97},${id / 8}`);
  await writeFile(path, `id,word,price\n${lines.join('\n')}\n`);
}
