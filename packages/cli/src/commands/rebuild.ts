/**
 * `parqueue rebuild`: what Redis knows of entries, made again from the manifests on the store. It opens the next epoch,
 * which is what happens by itself when Redis forgets: for when Redis is there but what it says cannot be trusted, after
 * a restore of either from a backup, for example. Servers go on meanwhile; loads that run begin again.
 *
 * One that was interrupted is gone on with: the epoch that it opened is there, and Redis knows which shards are done. So is one that
 * workers are at since Redis forgot: every key is compared once in that epoch, whoever does it.
 */
import { reconcilePass, SHARDS, shardsOfUnfinishedPass } from '@parqueue/core';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { spellCount, spellNumber } from '../output/units.ts';
import { workProgress } from '../output/work-progress.ts';
import { interruptible, openAll, type StoreOptions } from '../store-access.ts';

export interface RebuildCommandOptions extends StoreOptions {
  /** Also where an epoch's comparison is not complete: the next epoch, from the first key. */
  readonly restart?: boolean;
}

interface Damaged {
  readonly key: string;
  readonly fence: unknown;
  readonly reason: unknown;
}

export async function rebuild(context: Context, options: RebuildCommandOptions): Promise<ExitCode> {
  await using access = await openAll(context, options);
  const { store, redis } = access;
  const { reconciler, ticks, parts } = redis.coordination;
  const shardsBefore =
    options.restart === true ? null : await redis.epochs.run(() => shardsOfUnfinishedPass(redis.coordination));
  if (shardsBefore === null) await redis.epochs.openNext();
  else
    context.err(
      `going on with a comparison that is not complete: ${shardsBefore} of ${SHARDS.length} shards are done (--restart begins anew)`,
    );
  const epoch = await ticks.epoch();
  const seen = { entries: 0, restored: 0 };
  const damaged = new Map<string, Damaged>();
  await interruptible(async (signal) => {
    using shown = workProgress(context, 'rebuilding');
    await redis.epochs.run(async () => {
      // Of an epoch that was lost meanwhile nothing counts.
      Object.assign(seen, { entries: 0, restored: 0 });
      await reconcilePass(
        {
          reconciler,
          ticks,
          parts,
          directories: store.directories,
          reader: store.reader,
          onStep: (step, { key, fence, reason }) => {
            if (step === 'key-reconciled') {
              seen.entries += 1;
              if (fence !== null) seen.restored += 1;
              // Between the ends of shards too: one may have thousands.
              if (seen.entries % SHOWN_EVERY === 0) shown.tellText(spellNumber(seen.entries, 'entry', 'entries'));
            }
            if (step === 'generation-damaged')
              damaged.set(`${String(key)}/${String(fence)}`, { key: String(key), fence, reason });
          },
        },
        { signal, onShard: (done, total) => shown.tell(done, total, spellNumber(seen.entries, 'entry', 'entries')) },
      );
    });
  });
  const { entries, restored } = seen;
  if (options.json === true) {
    context.out(JSON.stringify({ epoch, entries, restored, damaged: [...damaged.values()] }));
  } else {
    for (const { key, fence, reason } of damaged.values())
      context.out(`DAMAGED  ${key}  g${String(fence)}  passed over: ${String(reason)}`);
    context.out(
      `epoch ${epoch}: ${spellNumber(entries, 'entry', 'entries')} compared with the store, ${spellCount(restored)} have a generation of before`,
    );
    context.out(
      'Each is verified against its source before it is answered again; gc pauses until the longest pin is over.',
    );
  }
  return EXIT.ok;
}

const SHOWN_EVERY = 100;
