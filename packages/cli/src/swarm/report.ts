/** What a swarm has to say in the end: one JSON object, or a table and the findings. */
import type { Context } from '../context.ts';
import { table } from '../output/table.ts';
import { spellMs } from '../output/units.ts';
import type { Evidence, Finding } from './judge.ts';
import type { SwarmSize } from './run.ts';

const FINDINGS_SHOWN = 20;

export interface SwarmReport {
  /** What changed: `file`, `tables`. */
  readonly what: string;
  readonly size: SwarmSize;
  readonly evidence: Evidence;
  readonly findings: readonly Finding[];
  readonly ms: number;
}

export function reportSwarm(context: Context, report: SwarmReport, json: boolean): void {
  const { findings } = report;
  const reasons = [...new Set(findings.map(({ reason }) => reason))];
  if (json) {
    context.out(JSON.stringify({ ok: findings.length === 0, reasons, findings, ...factsOf(report) }));
    return;
  }
  context.out(
    table(summaryOf(report), [
      { title: 'SWARM', value: ([name]) => name },
      { title: '', value: ([, value]) => value },
    ]),
  );
  for (const { reason, message } of findings.slice(0, FINDINGS_SHOWN)) context.err(`${reason}: ${message}`);
  context.out(
    findings.length === 0 ? 'clean: every answer was current, whole and loaded once' : `FAILED: ${reasons.join(', ')}`,
  );
}

function factsOf({ size, evidence, ms }: SwarmReport): Readonly<Record<string, unknown>> {
  const { history, sightings, warm, loads, executions } = evidence;
  return {
    seed: size.seed,
    gets: sightings.length + warm.length,
    revisions: history.length,
    loads,
    executions,
    ms,
  };
}

function summaryOf({ what, size, evidence, findings, ms }: SwarmReport): readonly (readonly [string, string])[] {
  const { history, sightings, warm, loads, executions } = evidence;
  const countOf = (reason: Finding['reason']): string =>
    String(findings.filter((finding) => finding.reason === reason).length);
  return [
    ['seed', String(size.seed)],
    ['clients × waves × gets', `${size.clients} × ${size.waves} × ${size.gets}`],
    ['gets answered and checked', String(sightings.length + warm.length)],
    [`revisions of the ${what}`, String(history.length)],
    ['loads committed', loads === null ? 'not counted (workers run elsewhere)' : String(loads.committed)],
    ['loads found unchanged', loads === null ? '-' : String(loads.unchanged)],
    ...(executions === null ? [] : [['statement ran at the server', String(executions)] as const]),
    ['stale', countOf('stale')],
    ['torn', countOf('torn')],
    ['duplicate loads', countOf('duplicate')],
    ['failed gets', countOf('failed')],
    ['final check warm', countOf('cold') === '0' ? 'yes' : 'no'],
    ['time', spellMs(ms)],
  ];
}
