/** Cold fills from the Oracle protocol server, which is a process of its own and replays rows that were encoded before. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { alternate, type Contender } from '../alternate.ts';
import { HALF, ORDERS } from '../oracle/rows.ts';
import type { ThreadData, Work } from '../oracle/work.ts';
import { forgetEntries } from '../publishing.ts';
import { RowThread } from '../row-thread.ts';
import { atLeast, type Bench, type Findings, type Section } from '../section.ts';

const ROWS = { tiny: 20_000, short: 400_000, long: 4_000_000 };

const DROP = 'driver, getRows(1000), dropped';
const DROP_AS_SELECTED = 'the same, selected as Parqueue does';
const FILL = 'Parqueue';
const DROP_TWO = 'two drivers in two threads';
const DROP_TWO_AS_SELECTED = 'the same two, selected as Parqueue does';
const FILL_TWO = 'Parqueue, two sessions';

export const oracleFill: Section = {
  name: 'oracle-fill',
  title: 'Oracle cold fill',
  about:
    'Ten mixed columns from a server of the Oracle protocol in a process of its own, which replays rows that were encoded before. '
    + 'Floors: node-oracledb in Thin mode, fetching with getRows(1000) and dropping the rows, in its faster form of two (NUMBER as the driver has it, '
    + 'or as text and times as TO_CHAR); and two of them in two threads, half of the rows each, in their faster form. '
    + 'Parqueue: the whole fill in a worker thread, from the snapshot over Parquet (zstd) and SHA-256 to fsync, manifest and publication.',
  goals: [
    atLeast('overDriver', 0.95, '≥ 0.95 of one driver that drops its rows'),
    atLeast('splitOverTwoDrivers', 0.85, 'two sessions: ≥ 0.85 of two drivers together'),
  ],
  run,
};

async function run(bench: Bench): Promise<Findings> {
  const rows = bench.pick(ROWS);
  bench.progress('encodes rows');
  await using server = await OracleServerProcess.start(rows);
  const root = join(bench.scratch, 'store');
  const data: ThreadData = { connectString: server.connectString, root };
  const thread = async (name: 'drop' | 'fill'): Promise<RowThread<Work>> =>
    await RowThread.start<Work>(new URL(`../oracle/${name}.thread.js`, import.meta.url), data);
  await using first = await thread('drop');
  await using second = await thread('drop');
  await using filler = await thread('fill');
  const forget = async (): Promise<void> => await forgetEntries(root);
  const fill = (sessions: number) => async (): Promise<number> =>
    await filler.do({ kind: 'fill', table: ORDERS, sessions });
  const dropped = (kind: Work['kind']) => async (): Promise<number> =>
    await first.do({ kind, table: ORDERS, sessions: 1 });
  const droppedByTwo = (kind: Work['kind']) => async (): Promise<number> => {
    const half = { kind, table: HALF, sessions: 1 };
    const [one, other] = await Promise.all([first.do(half), second.do(half)]);
    return one + other;
  };
  const contenders: readonly Contender[] = [
    { name: DROP, role: 'floor', run: dropped('drop') },
    { name: DROP_AS_SELECTED, role: 'floor', run: dropped('drop-as-selected') },
    { name: FILL, role: 'ours', run: fill(1), after: forget },
    { name: DROP_TWO, role: 'floor', run: droppedByTwo('drop') },
    { name: DROP_TWO_AS_SELECTED, role: 'floor', run: droppedByTwo('drop-as-selected') },
    { name: FILL_TWO, role: 'ours', run: fill(2), after: forget },
  ];
  const raced = await alternate(bench, { contenders, unit: 'row', rounds: bench.pick({ tiny: 1, short: 4, long: 7 }) });
  const faster = (one: string, other: string): string => (raced.rate(one) >= raced.rate(other) ? one : other);
  const floor = faster(DROP, DROP_AS_SELECTED);
  const floorOfTwo = faster(DROP_TWO, DROP_TWO_AS_SELECTED);
  const pairs = [
    [FILL, DROP],
    [FILL, DROP_AS_SELECTED],
    [FILL_TWO, DROP_TWO],
    [FILL_TWO, DROP_TWO_AS_SELECTED],
    [FILL_TWO, FILL],
  ] as const;
  return {
    measures: raced.findings.measures,
    ratios: pairs.map(([ours, over]) => raced.ratio(ours, over)),
    figures: {
      overDriver: raced.ratio(FILL, floor).median,
      splitOverTwoDrivers: raced.ratio(FILL_TWO, floorOfTwo).median,
      cpuMicrosPerRow: raced.findings.measures.find(({ name }) => name === FILL)?.cpu?.value ?? Number.NaN,
    },
    notes: [
      `${rows} rows of about 110 bytes per run; the floors are “${floor}” and “${floorOfTwo}”. CPU is that of the process that fetches, with all of its threads.`,
      'The server was derived from how the driver reads: what it shows is the cost of rows, not that of a database.',
    ],
  };
}

class OracleServerProcess implements AsyncDisposable {
  readonly connectString: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, connectString: string) {
    this.#child = child;
    this.connectString = connectString;
  }

  static async start(rows: number): Promise<OracleServerProcess> {
    const child = fork(new URL('../oracle/server.child.js', import.meta.url), [String(rows)], { execArgv: [] });
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`the server ended with ${String(code)}`);
    });
    const told: unknown[] = await Promise.race([once(child, 'message'), ended]);
    ended.catch(() => undefined);
    const { connectString } = told[0] as { readonly connectString: string };
    return new OracleServerProcess(child, connectString);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.disconnect();
    await exit;
  }
}
