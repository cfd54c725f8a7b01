/** What servers tell of themselves: metrics for Prometheus, traces for OpenTelemetry. */
export { MetricTable, startAtZero, type Build, type Sample } from './metric-table.ts';
export { stepLines, type StepLog } from './step-lines.ts';
export { openTraces } from './open-traces.ts';
export type { TracedProcess, Traces, TracesOptions } from './traces.ts';
