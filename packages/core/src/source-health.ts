/**
 * Source work that tells how its source does. Of answers that follow one another one is told every few seconds; what
 * cannot be told because Redis is away is dropped.
 */
import { isParqueueError, type ErrorCode } from './model/errors.ts';
import type { Clock } from './ports/clock.ts';
import type { Contact, SourceHealth } from './ports/source-health.ts';
import type { FillReport, ProbeReport, SourceWork } from './ports/work.ts';

/** Of what can go wrong, what is a matter of the source, and whether it means that it answered. */
const MATTERS: Partial<Record<ErrorCode, { readonly answered: boolean }>> = {
  PQ_SOURCE_UNAVAILABLE: { answered: false },
  PQ_FILL_TIMEOUT: { answered: false },
  PQ_SOURCE_UNSTABLE: { answered: true },
  PQ_SOURCE_REJECTED: { answered: true },
};

const ANSWERS_EVERY_MS = 5_000;

export interface ObservedDeps {
  readonly health: Pick<SourceHealth, 'tell'>;
  readonly clock: Clock;
}

export function observed(work: SourceWork, { health, clock }: ObservedDeps): SourceWork {
  const toldAtMs = new Map<string, number>();
  const tell = async (source: string, report: FillReport | ProbeReport): Promise<void> => {
    const contact = contactOf(report);
    if (contact === null) return;
    const now = clock.now();
    if (contact.failure === null && now - (toldAtMs.get(source) ?? -Infinity) < ANSWERS_EVERY_MS) return;
    // An answer that follows a failure is told at once.
    if (contact.failure === null) toldAtMs.set(source, now);
    else toldAtMs.delete(source);
    try {
      await health.tell(source, contact);
    } catch (error) {
      if (!isParqueueError(error)) throw error;
    }
  };
  return {
    probe: async (request, context) => {
      const report = await work.probe(request, context);
      await tell(request.source, report);
      return report;
    },
    fill: async (task, context) => {
      const report = await work.fill(task, context);
      await tell(task.request.source, report);
      return report;
    },
  };
}

function contactOf(report: FillReport | ProbeReport): Contact | null {
  if (report.kind !== 'failed') return { answered: true, failure: null };
  const matter = MATTERS[report.failure.code];
  return matter === undefined ? null : { ...matter, failure: report.failure };
}
