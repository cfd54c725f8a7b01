/**
 * `parqueue swarm file` and `swarm sql`: the same promise as in the README, asked for by many processes at once while
 * the source changes. The plan comes from one seed; what happens in between is real concurrency, so a seed repeats the
 * plan, not the schedule.
 */
import type { Context } from '../context.ts';
import { EXIT, UsageError, type ExitCode } from '../exit.ts';
import { openFileTarget, type FileSwarmOptions } from '../swarm/file-target.ts';
import { judge } from '../swarm/judge.ts';
import { reportSwarm } from '../swarm/report.ts';
import { runSwarm, type SwarmSize, type SwarmTarget } from '../swarm/run.ts';
import { openSqlTarget, type SqlSwarmOptions } from '../swarm/sql-target.ts';

interface OutputOptions {
  readonly json?: boolean;
}

export async function swarmFile(context: Context, options: FileSwarmOptions & OutputOptions): Promise<ExitCode> {
  return await swarm(context, options, { what: 'file', open: async () => await openFileTarget(context, options) });
}

export async function swarmSql(context: Context, options: SqlSwarmOptions & OutputOptions): Promise<ExitCode> {
  return await swarm(context, options, { what: 'tables', open: async () => await openSqlTarget(context, options) });
}

async function swarm(
  context: Context,
  options: SwarmSize & OutputOptions,
  { what, open }: { readonly what: string; readonly open: () => Promise<SwarmTarget> },
): Promise<ExitCode> {
  if (options.clients < 1 || options.waves < 1) throw new UsageError('a swarm needs at least one client and one wave');
  const began = context.clock.now();
  const json = options.json === true;
  const target = await open();
  try {
    const evidence = await runSwarm(options, target, (line) => {
      if (!json) context.err(line);
    });
    const findings = judge(evidence);
    reportSwarm(context, { what, size: options, evidence, findings, ms: context.clock.now() - began }, json);
    return findings.length === 0 ? EXIT.ok : EXIT.failed;
  } finally {
    await target.stop();
  }
}
