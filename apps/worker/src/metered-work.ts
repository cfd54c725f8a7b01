/** Counts what reaches a source: the number that tells whether callers were collapsed. */
import type { FillReport, ProbeReport, SourceWork } from '@parqueue/core';
import type { WorkerMetrics } from './metrics.ts';

export function meteredWork(work: SourceWork, metrics: WorkerMetrics): SourceWork {
  return {
    async probe(request, context): Promise<ProbeReport> {
      metrics.sourceStatements.inc({ source: request.source, kind: 'probe' });
      const end = metrics.probeSeconds.startTimer({ source: request.source });
      const report = await work.probe(request, context);
      end();
      return report;
    },
    async fill(task, context): Promise<FillReport> {
      const { source } = task.request;
      let loading = false;
      const report = await work.fill(task, {
        ...context,
        onStep: async (step) => {
          loading ||= step === 'first-batch';
          await context.onStep(step);
        },
      });
      // A load that met no row has no first batch; one that found the source unchanged only asked for its version.
      metrics.sourceStatements.inc({ source, kind: loading || report.kind === 'published' ? 'load' : 'probe' });
      return report;
    },
  };
}
