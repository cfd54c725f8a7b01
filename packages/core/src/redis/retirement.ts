/** Retirement and reconciliation on Redis: what may be removed, and what the store says of a key (I6, I11). */
import type { RedisGate } from './gate.ts';
import { KEYS } from './keys.ts';
import { inChunks } from './chunks.ts';
import { markTicks } from './leases.ts';
import { asArray, asNumber, asNumberOrNull } from './replies.ts';
import type { Reconciler, Reconciliation, Retirement } from '../ports/coordination.ts';

export function redisRetirement(gate: RedisGate): Retirement {
  return {
    noteOrphans: async ({ key, dataset }, fences) => {
      const named = [...generationKeys(key), KEYS.entries, KEYS.reads, KEYS.dataset(dataset ?? '')];
      for (const some of inChunks(fences, FENCES_PER_CALL))
        await gate.script('generation-orphans', named, [key, ...some]);
    },
    retire: async ({ key, fence }, { epoch, graceMs, dryRun }) => {
      gate.requireEpoch(epoch);
      const reply = await gate.script(
        'generation-retire',
        [KEYS.head(key), KEYS.retired(key), KEYS.removing(key), KEYS.pins(key), KEYS.pinned(key)],
        [fence, graceMs, dryRun ? 1 : 0],
      );
      return reply === 1 ? 'removable' : 'refused';
    },
    restartGrace: async ({ key, fence }) => {
      await gate.script('generation-grace', [KEYS.retired(key)], [fence]);
    },
    removed: async ({ key, fence }) => {
      await gate.script(
        'generation-removed',
        [KEYS.retired(key), KEYS.removing(key), KEYS.sizes(key), KEYS.usage],
        [fence],
      );
    },
    gate: async () => {
      const epoch = gate.marker?.epoch ?? 0;
      const [, completedAt, now] = asArray(await gate.script('pass-read', [KEYS.pass], []));
      return { epoch, reconciledAtMs: asNumberOrNull(completedAt), nowMs: asNumber(now) };
    },
  };
}

export function redisReconciler(gate: RedisGate): Reconciler {
  return {
    apply: async (reconciliation) => {
      gate.requireEpoch(reconciliation.epoch);
      const { key, newest } = reconciliation;
      await gate.script(
        'reconcile-apply',
        [...generationKeys(key), KEYS.entries, KEYS.dataset(newest?.dataset ?? ''), KEYS.sizes(key), KEYS.usage],
        reconciliationArgs(reconciliation),
      );
    },
    completePass: async (epoch) => {
      gate.requireEpoch(epoch);
      await gate.script('pass-complete', [KEYS.pass], []);
    },
    passPosition: async (epoch) => {
      gate.requireEpoch(epoch);
      const [position] = asArray(await gate.script('pass-read', [KEYS.pass], []));
      return position === null ? null : String(position);
    },
    savePassPosition: async (epoch, shard) => {
      gate.requireEpoch(epoch);
      await gate.script('pass-save', [KEYS.pass], [shard]);
    },
  };
}

/** Each fence is judged by itself, so a list may be split. */
const FENCES_PER_CALL = 200;

function generationKeys(key: string): readonly string[] {
  return [KEYS.key(key), KEYS.head(key), KEYS.retired(key), KEYS.removing(key)];
}

function reconciliationArgs({ key, newest, others, mark }: Reconciliation): readonly (string | number)[] {
  const [hard, purge] = mark === null ? [0, 0] : markTicks(mark);
  const restored =
    newest === null
      ? [0, '', 0, '', '', 0, 0, '', '', '']
      : [
          newest.fence,
          newest.fillId,
          newest.startedAtMs,
          newest.version,
          newest.sha256,
          newest.bytes,
          newest.rows,
          newest.consistency,
          newest.source,
          newest.dataset ?? '',
        ];
  return [key, hard, purge, ...restored, ...others];
}
