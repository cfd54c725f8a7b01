/** `parqueue gc`: what workers do from time to time, now and told line by line; or only told. */
import { collectGarbage, PIN_MAX_MS, type GcItem, type GcOptions, type GcReport } from '@parqueue/core';
import { storeRules } from '@parqueue/core/config';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { spellBytes, spellNumber } from '../output/units.ts';
import { workProgress } from '../output/work-progress.ts';
import { interruptible, openAll, type FullAccess, type StoreOptions } from '../store-access.ts';

export interface GcCommandOptions extends StoreOptions {
  readonly dryRun?: boolean;
}

/** What each reason means, for people. */
const REASONS: Readonly<Record<GcItem['reason'], string>> = {
  replaced: 'beyond retention.generations',
  aged: 'replaced longer ago than retention.maxAge',
  room: 'kept so far; a quota or the free space wants its room',
  quota: 'least recently read, the store is over its quota or short of free space',
  'dataset-quota': 'least recently read, its dataset is over its quota',
  unread: 'not read for retention.unread',
  purged: 'purged',
  orphan: 'published by a load that was overtaken',
  staging: 'left behind by a load that ended',
};

export async function gc(context: Context, options: GcCommandOptions): Promise<ExitCode> {
  await using access = await openAll(context, options);
  const dryRun = options.dryRun === true;
  const items: GcItem[] = [];
  const onItem = (item: GcItem): void => {
    if (options.json === true) items.push(item);
    else context.out(lineOf(item, dryRun));
  };
  const report = await interruptible(async (signal) => {
    using shown = workProgress(context, 'collecting');
    const onShard = (done: number, total: number, keys: number): void =>
      shown.tell(done, total, spellNumber(keys, 'entry', 'entries'));
    return await collect(context, access, { dryRun, onItem, onShard, signal });
  });
  if (options.json === true) context.out(JSON.stringify({ dryRun, ...report, items }));
  else for (const line of summaryOf(report, dryRun)) context.out(line);
  return EXIT.ok;
}

async function collect(
  { randomId }: Context,
  { config, store, redis }: FullAccess,
  run: Pick<GcOptions, 'dryRun' | 'onItem' | 'onShard' | 'signal'>,
): Promise<GcReport> {
  const { heads, leases, retirement, eviction, usage } = redis.coordination;
  const { directories, marks, space } = store;
  return await redis.epochs.run(() =>
    collectGarbage(
      { heads, leases, retirement, eviction, usage, directories, marks, space, randomId, onStep: () => undefined },
      { rules: storeRules(config), pinMaxMs: PIN_MAX_MS, ...run },
    ),
  );
}

function lineOf({ what, key, fence, reason, bytes }: GcItem, dryRun: boolean): string {
  const done = what === 'head' ? (dryRun ? 'would retire' : 'retired') : dryRun ? 'would remove' : 'removed';
  return `${done}  ${what}  ${key}  g${fence}  ${spellBytes(bytes)}  ${REASONS[reason]}`;
}

function summaryOf(report: GcReport, dryRun: boolean): readonly string[] {
  if (report.waitingFor === 'reconciliation')
    return [
      'nothing is removed yet: a new epoch began, and workers are still comparing the store with it (`parqueue doctor` tells how far)',
    ];
  if (report.waitingFor === 'pins-of-the-last-epoch')
    return [
      'nothing is removed yet: this epoch is young, and readers may hold pins of the one before, which Redis has forgotten'
        + (report.waitUntilMs === null ? '' : `; they end ${new Date(report.waitUntilMs).toISOString()} at the latest`),
    ];
  const { keys, heads, generations, staging, bytes, usage, space } = report;
  const verb = dryRun ? 'would go' : 'gone';
  return [
    `${spellNumber(keys, 'entry', 'entries')} looked at. ${verb}: ${spellNumber(generations, 'generation')} and ${spellNumber(staging, 'leftover')}, `
      + `${spellBytes(bytes)}; ${spellNumber(heads, 'entry', 'entries')} ${dryRun ? 'would be retired' : 'retired'}, their files follow after the grace`,
    `the store holds ${spellBytes(usage.bytes)} in ${spellNumber(usage.generations, 'generation')}; ${spellBytes(space.freeBytes)} of ${spellBytes(space.totalBytes)} are free`,
  ];
}
