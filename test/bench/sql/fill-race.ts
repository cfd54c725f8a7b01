/** Fills from a database against its driver dropping the same rows: each contender in a thread, the server in its own process. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { alternate, median, type Contender } from '../alternate.ts';
import { childrenOf, cpuSecondsOf } from '../process-cpu.ts';
import { forgetEntries } from '../publishing.ts';
import { RowThread } from '../row-thread.ts';
import { atLeast, type Bench, type Findings } from '../section.ts';
import type { Drop, Login, ThreadData, Work } from './work.ts';

/** Of the table that is filled from, by the scale. */
export const RACE_ROWS = { tiny: 20_000, short: 250_000, long: 2_000_000 };

export const RACE_GOALS = [atLeast('overDriver', 0.9, '≥ 0.9 of the driver dropping rows')];

const FILL = 'Parqueue';
const SQL = 'SELECT * FROM mixed';

export interface Race {
  readonly kind: 'postgres' | 'mysql';
  readonly login: Login;
  /** Of the server. */
  readonly pid: number | null;
  readonly rows: number;
  /** By name; the fastest of them is the floor. */
  readonly drops: Readonly<Record<string, Drop>>;
  /** Name of the form that its users write most. */
  readonly asUsed: string;
}

export async function raceFills(bench: Bench, race: Race): Promise<Findings> {
  const { kind, login, pid, rows, drops, asUsed } = race;
  const root = join(bench.scratch, 'store');
  await mkdir(root);
  const data: ThreadData = { kind, login, root };
  const thread = async (name: 'drop' | 'fill'): Promise<RowThread<Work>> =>
    await RowThread.start<Work>(new URL(`./${name}.thread.js`, import.meta.url), data);
  await using dropper = await thread('drop');
  await using filler = await thread('fill');
  const serverMicros = new Map<string, number[]>();
  const served = (name: string, run: () => Promise<number>) => async (): Promise<number> => {
    const before = serverCpu(pid);
    const done = await run();
    if (done !== rows) throw new Error(`${name} read ${done} of ${rows} rows`);
    const taken = serverMicros.get(name) ?? [];
    serverMicros.set(name, [...taken, ((serverCpu(pid) - before) * 1e6) / rows]);
    return done;
  };
  const contenders: readonly Contender[] = [
    ...Object.entries(drops).map(([name, drop]): Contender => {
      return { name, role: 'floor', run: served(name, async () => await dropper.do({ sql: SQL, drop })) };
    }),
    {
      name: FILL,
      role: 'ours',
      run: served(FILL, async () => await filler.do({ sql: SQL, drop: null })),
      after: async () => await forgetEntries(root),
    },
  ];
  const raced = await alternate(bench, { contenders, unit: 'row', rounds: bench.pick({ tiny: 1, short: 5, long: 7 }) });
  const [floor = asUsed] = Object.keys(drops).toSorted((a, b) => raced.rate(b) - raced.rate(a));
  const { measures, ratios = [] } = raced.findings;
  const server = (name: string): number => median(serverMicros.get(name) ?? []);
  const serverTold = contenders.map(({ name }) => `${name} ${server(name).toFixed(2)}`).join('; ');
  return {
    measures,
    ratios,
    figures: {
      overDriver: raced.ratio(FILL, floor).median,
      overDriverAsUsed: raced.ratio(FILL, asUsed).median,
      cpuMicrosPerRow: measures.find(({ name }) => name === FILL)?.cpu?.value ?? Number.NaN,
      ...(Number.isFinite(server(FILL)) ? { serverMicrosPerRow: server(FILL) } : {}),
    },
    notes: [
      `${rows} rows of ten columns per run; the floor is “${floor}”. CPU in the table is that of the process that fetches, with all of its threads.`,
      `The server runs on the same cores; its CPU in µs per row: ${serverTold}.`,
    ],
  };
}

/** All of its processes: Postgres has one for each connection, and connections are kept. */
function serverCpu(pid: number | null): number {
  if (pid === null) return Number.NaN;
  return [pid, ...childrenOf(pid)].reduce((sum, each) => sum + cpuSecondsOf(each), 0);
}

/** @param url of the server, with an administrator */
export function loginOf(url: string, database: string): Login {
  const { hostname: host, port, username, password } = new URL(url);
  const user = decodeURIComponent(username);
  return { host, port: Number(port), user, password: decodeURIComponent(password), database };
}
