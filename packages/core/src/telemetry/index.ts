/** What servers tell of themselves: metrics for Prometheus, traces for OpenTelemetry. */
export { MetricTable, startAtZero, type Build, type Sample } from './metric-table.ts';
export { openTraces, type Traces, type TracesOptions } from './open-traces.ts';
