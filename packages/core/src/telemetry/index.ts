/** What servers tell of themselves: metrics for Prometheus, traces for OpenTelemetry. */
export { MetricTable, startAtZero, type Build, type Sample } from './metric-table.ts';
export { stepLines, type StepLog } from './step-lines.ts';
export { openTraces, type TracedProcess, type Traces, type TracesOptions } from './open-traces.ts';
