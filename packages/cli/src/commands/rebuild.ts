/**
 * `parqueue rebuild`: what Redis knows of entries, made again from the manifests on the store. It opens the next epoch,
 * which is what happens by itself when Redis forgets: for when Redis is there but what it says cannot be trusted, after
 * a restore of either from a backup, for example. Servers go on meanwhile; loads that run begin again.
 */
import { reconcilePass } from '@parqueue/core';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { spellCount, spellNumber } from '../output/units.ts';
import { workProgress } from '../output/work-progress.ts';
import { interruptible, openAll, type StoreOptions } from '../store-access.ts';

export async function rebuild(context: Context, options: StoreOptions): Promise<ExitCode> {
  await using access = await openAll(context, options);
  const { store, redis } = access;
  const { reconciler, ticks, parts } = redis.coordination;
  const epoch = await redis.epochs.openNext();
  const seen = new Map<string, boolean>();
  const damaged = new Map<string, { readonly key: string; readonly fence: unknown; readonly reason: unknown }>();
  await interruptible(async (signal) => {
    using shown = workProgress(context, 'rebuilding');
    await redis.epochs.run(() =>
      reconcilePass(
        {
          reconciler,
          ticks,
          parts,
          directories: store.directories,
          reader: store.reader,
          marks: store.marks,
          onStep: (step, { key, fence, reason }) => {
            if (step === 'key-reconciled') seen.set(String(key), fence !== null);
            if (step === 'generation-damaged')
              damaged.set(`${String(key)}/${String(fence)}`, { key: String(key), fence, reason });
          },
        },
        { signal, onShard: (done, total) => shown.tell(done, total, spellNumber(seen.size, 'entry', 'entries')) },
      ),
    );
  });
  const restored = [...seen.values()].filter(Boolean).length;
  if (options.json === true) {
    context.out(JSON.stringify({ epoch, entries: seen.size, restored, damaged: [...damaged.values()] }));
  } else {
    for (const { key, fence, reason } of damaged.values())
      context.out(`DAMAGED  ${key}  g${String(fence)}  passed over: ${String(reason)}`);
    context.out(
      `epoch ${epoch}: ${spellNumber(seen.size, 'entry', 'entries')} compared with the store, ${spellCount(restored)} have a generation of before`,
    );
    context.out(
      'Each is verified against its source before it is answered again; gc pauses until the longest pin is over.',
    );
  }
  return EXIT.ok;
}
