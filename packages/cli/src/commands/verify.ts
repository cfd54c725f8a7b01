/** `parqueue verify`: every byte that is kept against its checksum, beside running servers or without them. */
import { ParqueueError, SHARDS, verifyStore, type Finding, type VerifyReport } from '@parqueue/core';
import type { Context } from '../context.ts';
import { EXIT, UsageError, type ExitCode } from '../exit.ts';
import { spellBytes, spellNumber } from '../output/units.ts';
import { workProgress } from '../output/work-progress.ts';
import { interruptible, openWithOrWithoutRedis, type LiveRedis, type StoreOptions } from '../store-access.ts';

export interface VerifyCommandOptions extends StoreOptions {
  readonly all?: boolean;
  readonly entry?: string;
  /** `00` to `ff`: where an interrupted one said that it was. */
  readonly from?: string;
  /** Everywhere else the API key: there is none here. */
  readonly key?: string;
}

/** @returns 1 where anything is damaged, 4 where something could not be read. */
export async function verify(context: Context, options: VerifyCommandOptions): Promise<ExitCode> {
  if (options.key !== undefined)
    throw new UsageError('--key is an API key, and verify asks no server: name an entry with --entry KEY');
  if (options.from !== undefined && !SHARDS.includes(options.from))
    throw new UsageError(`--from is a shard, 00 to ff, as an interrupted check says; not ${options.from}`);
  if (options.from !== undefined && options.entry !== undefined)
    throw new UsageError(
      '--from goes on with a check of the whole store, and --entry names one entry: give one of them',
    );
  await using access = await openWithOrWithoutRedis(context, options, (line) => context.err(line));
  const { store, redis } = access;
  const at = { shard: options.from ?? '00' };
  const report = await interruptible(async (signal) => {
    using shown = workProgress(context, 'verifying');
    if (options.entry === undefined)
      signal.addEventListener('abort', () => context.err(`to go on from here: parqueue verify --from ${at.shard}`));
    return await verifyStore(
      { reader: store.reader, directories: store.directories, heads: headsOf(redis), onStep: () => undefined },
      {
        key: options.entry ?? null,
        generations: options.all === true ? 'all' : 'heads',
        signal,
        ...(options.from === undefined ? {} : { from: options.from }),
        // At once: of a check that takes a day, whoever ends it early has what it found.
        onFinding: (finding) => {
          if (options.json !== true) context.out(lineOf(finding));
        },
        onProgress: ({ shardsDone, shards, shard, generations, bytes }) => {
          at.shard = shard;
          const where = options.entry === undefined ? `at ${shard}: ` : '';
          shown.tell(shardsDone, shards, `${where}${spellNumber(generations, 'file')}, ${spellBytes(bytes)}`);
        },
      },
    );
  });
  if (options.entry !== undefined && report.generations === 0 && report.findings.length === 0) {
    throw new ParqueueError(
      'PQ_NOT_FOUND',
      `there is nothing of ${options.entry} in the store: \`parqueue ls\` lists entries`,
    );
  }
  tell(context, report, { json: options.json === true, withRedis: redis !== null });
  return exitOf(report);
}

/** When Redis forgets in the middle of the walk the next epoch is opened, as any server would. */
function headsOf(redis: LiveRedis | null) {
  if (redis === null) return null;
  const { coordination, epochs } = redis;
  const { heads } = coordination;
  return {
    look: (...told: Parameters<typeof heads.look>) => epochs.run(() => heads.look(...told)),
    markDamaged: (...told: Parameters<typeof heads.markDamaged>) => epochs.run(() => heads.markDamaged(...told)),
  };
}

function tell(
  context: Context,
  report: VerifyReport,
  { json, withRedis }: { readonly json: boolean; readonly withRedis: boolean },
): void {
  const { keys, generations, bytes, findings } = report;
  const damaged = findings.filter(({ kind }) => kind !== 'unreadable');
  if (json) {
    context.out(JSON.stringify({ ok: findings.length === 0, redis: withRedis, ...report }));
    return;
  }
  context.out(
    `${spellNumber(generations, 'file')} of ${spellNumber(keys, 'entry', 'entries')} read, ${spellBytes(bytes)}: ${
      findings.length === 0 ? 'all whole' : `${damaged.length} damaged, ${findings.length - damaged.length} unreadable`
    }`,
  );
  if (damaged.some(({ head }) => head))
    context.out(
      'Damaged entries are not served any more; the next ask for one loads it again (`parqueue fill` does it now).',
    );
  if (damaged.some(({ marked }) => marked.length === 0))
    context.out(
      'What is "not marked" is still believed: give this user write access to the store, or bring Redis back, and verify again.',
    );
}

function lineOf({ key, fence, head, kind, reason, marked }: Finding): string {
  const what = head ? 'current' : 'replaced';
  const where = kind === 'unreadable' ? '' : marked.length === 0 ? ' (not marked)' : ` (marked: ${marked.join(', ')})`;
  return `${kind.toUpperCase()}  ${key}  g${fence}  ${what}: ${reason}${where}`;
}

function exitOf({ findings }: VerifyReport): ExitCode {
  if (findings.some(({ kind }) => kind !== 'unreadable')) return EXIT.failed;
  return findings.length > 0 ? EXIT.unavailable : EXIT.ok;
}
