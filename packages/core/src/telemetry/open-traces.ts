/**
 * Opens the exporter of traces where one is configured. OpenTelemetry's packages are loaded only then: a server without
 * traces pays neither their memory nor their start.
 */
import type { Tracer } from '../ports/tracing.ts';

export interface TracesOptions {
  /** Where the collector takes OTLP over HTTP, path included: `http://collector:4318/v1/traces`. */
  readonly url: string;
  /** Of the traces that begin here, in [0, 1]. A caller's decision about its own trace is kept. */
  readonly ratio: number;
  /** Sent with each export; may hold credentials. */
  readonly headers: Readonly<Record<string, string>>;
  readonly service: string;
  readonly version: string;
  /** Tells this process from its replicas. */
  readonly instance: string;
  /** A collector that is away costs spans, never an answer. */
  readonly onTrouble: (error: unknown) => void;
}

export interface Traces extends AsyncDisposable {
  readonly tracer: Tracer;
}

/** Disposing it sends what is left, for a few seconds at most. */
export async function openTraces(options: TracesOptions): Promise<Traces> {
  const { OpenTelemetryTraces } = await import('./open-telemetry.ts');
  return new OpenTelemetryTraces(options);
}
