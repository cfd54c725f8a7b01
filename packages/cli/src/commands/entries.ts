/** Looking at the cache and steering it: `ls`, `inspect`, `explain`, `fill`, `invalidate`. */
import { isParqueueHttpError, type FillStatus, type InvalidateMode, type InvalidateTarget } from '@parqueue/client';
import { ParqueueError } from '@parqueue/core';
import { stringify } from 'yaml';
import type { Context } from '../context.ts';
import { UsageError } from '../exit.ts';
import { PagedTable, type TableColumn } from '../output/table.ts';
import { spellBytes, spellCount, spellMs } from '../output/units.ts';
import { connect, withProgress, type RemoteOptions } from './remote.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface ListOptions extends RemoteOptions {
  readonly prefix?: string;
  readonly dataset?: string;
  readonly limit?: number;
}

const PAGE_ENTRIES = 500;

/** All entries, page by page as they come: a store may have a million. With --json one entry per line. */
export async function list(context: Context, options: ListOptions): Promise<void> {
  const client = connect(context, options);
  const wanted = options.limit ?? Number.POSITIVE_INFINITY;
  const lines = new PagedTable<Fields>(COLUMNS);
  let listed = 0;
  for (let after: string | null | undefined; after !== null && listed < wanted;) {
    const page = await client.entries({
      limit: Math.min(PAGE_ENTRIES, wanted - listed),
      ...(options.prefix === undefined ? {} : { prefix: options.prefix }),
      ...(options.dataset === undefined ? {} : { dataset: options.dataset }),
      ...(after === undefined ? {} : { after }),
    });
    const rows = page.entries.map((entry): Fields => ({ ...entry }));
    if (options.json === true) for (const row of rows) context.out(JSON.stringify(row));
    else if (rows.length > 0) context.out(lines.page(rows));
    listed += rows.length;
    after = page.next;
  }
  if (listed > 0 || options.json === true) return;
  const isAny = options.prefix === undefined && options.dataset === undefined;
  context.err(
    isAny ? 'nothing is cached: ask for something with `parqueue get`' : 'no such entries: `parqueue ls` lists all',
  );
}

const COLUMNS: readonly TableColumn<Fields>[] = [
  { title: 'KEY', value: (row) => text(row['key']) },
  { title: 'DATASET', value: (row) => text(row['dataset'] ?? '-') },
  { title: 'GENERATION', value: (row) => text(row['generation']), right: true },
  { title: 'ROWS', value: (row) => count(row['rows'], spellCount), right: true },
  { title: 'SIZE', value: (row) => count(row['bytes'], spellBytes), right: true },
  { title: 'VERIFIED', value: (row) => text(row['verifiedAt'] ?? '-') },
];

export async function inspect(context: Context, key: string, options: RemoteOptions): Promise<void> {
  show(context, await connect(context, options).inspect(key), options);
}

export async function explain(context: Context, key: string, options: RemoteOptions): Promise<void> {
  show(context, await connect(context, options).explain(key), options);
}

export interface FillOptions extends RemoteOptions {
  readonly param?: Readonly<Record<string, string>>;
  readonly force?: boolean;
}

/** Makes sure the entry is right, without fetching its rows; with --force loads it again whatever the source says. */
export async function fill(context: Context, dataset: string, options: FillOptions): Promise<void> {
  const client = connect(context, options);
  const question = { dataset, ...(options.param === undefined ? {} : { params: options.param }) };
  const began = context.clock.now();
  const loaded = new Set<number>();
  const ask = async (): ReturnType<typeof client.resolve> =>
    await withProgress(context, dataset, async (onWait) => {
      const noteEnd = (fill: FillStatus): void => {
        if (fill.outcome?.kind === 'committed') loaded.add(fill.outcome.fence);
        onWait(fill);
      };
      return await client.resolve(question, { freshness: { noCache: true }, onWait: noteEnd });
    });
  let entry = await ask();
  if (entry.cache.outcome === 'miss') loaded.add(entry.generation);
  // What this ask had loaded, or found being loaded, is not loaded a second time.
  if (options.force === true && !loaded.has(entry.generation)) {
    await client.invalidate({ key: entry.key }, 'hard').catch(explainForce);
    entry = await ask();
  }
  if (options.json === true) {
    context.out(JSON.stringify(entry));
    return;
  }
  const took = spellMs(context.clock.now() - began);
  context.out(
    `${entry.key} generation ${entry.generation}: ${spellCount(entry.rows)} rows, ${spellBytes(entry.bytes)} in ${took}`,
  );
}

function explainForce(error: unknown): never {
  if (!isParqueueHttpError(error) || error.code !== 'PQ_FORBIDDEN') throw error;
  throw new ParqueueError(
    'PQ_FORBIDDEN',
    'the source was asked, and the entry is right; to load it again all the same (--force) needs an API key with scope admin',
    { cause: error },
  );
}

export interface InvalidateOptions extends RemoteOptions {
  readonly entry?: string;
  readonly dataset?: string;
  readonly source?: string;
  readonly table?: string;
  readonly prefix?: string;
  readonly mode: InvalidateMode;
}

export async function invalidateEntries(context: Context, options: InvalidateOptions): Promise<void> {
  const target = targetOf(options);
  const result = await connect(context, options).invalidate(target, options.mode);
  if (options.json === true) {
    context.out(JSON.stringify(result));
    return;
  }
  const { mode, entries, fills, target: marked, prefix = '', reached = [] } = result;
  const also = reached.length === 0 ? '' : `, with ${reached.join(', ')}`;
  context.out(`${marked ?? `${prefix}*`} is marked ${mode}${also}: ${counted(entries, fills)}`);
}

function counted(entries: number, fills: number): string {
  const loads = fills === 0 ? '' : `, ${spellCount(fills)} ${fills === 1 ? 'load' : 'loads'} under way`;
  return `${spellCount(entries)} ${entries === 1 ? 'entry' : 'entries'}${loads}`;
}

function targetOf(options: InvalidateOptions): InvalidateTarget {
  const { entry, dataset, source, table: tableName, prefix } = options;
  for (const [name, value] of Object.entries({ entry, dataset, source, table: tableName, prefix })) {
    if (value === '') throw new UsageError(`--${name} is empty: a variable without a value? Nothing was marked`);
  }
  const targets: InvalidateTarget[] = [];
  if (entry !== undefined) targets.push({ key: entry });
  if (dataset !== undefined) targets.push({ dataset });
  if (source !== undefined) targets.push(tableName === undefined ? { source } : { source, table: tableName });
  if (prefix !== undefined) targets.push({ prefix });
  const [target] = targets;
  if (target === undefined || targets.length > 1) {
    const ways = '--entry KEY, --dataset NAME, --source NAME [--table NAME] or --prefix TEXT';
    const hint = options.key === undefined || targets.length > 0 ? '' : '; --key is the API key';
    throw new UsageError(`name exactly one thing to invalidate: ${ways}${hint}`);
  }
  return target;
}

function show(context: Context, value: unknown, { json }: RemoteOptions): void {
  context.out(json === true ? JSON.stringify(value) : stringify(value, { lineWidth: 0 }).trimEnd());
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '-';
}

function count(value: unknown, spell: (value: number) => string): string {
  return typeof value === 'number' ? spell(value) : '-';
}
