/**
 * Opens the exporter of traces where one is configured. OpenTelemetry's packages are loaded only then: a server without
 * traces pays neither their memory nor their start.
 */
import { toFailure } from '../model/errors.ts';
import type { Tracer } from '../ports/tracing.ts';

export interface TracesOptions {
  /** Where the collector takes OTLP over HTTP, path included: `http://collector:4318/v1/traces`. */
  readonly url: string;
  /** Of the traces that begin here, in [0, 1]. A caller's decision about its own trace is kept. */
  readonly ratio: number;
  /** Sent with each export; may hold credentials. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface TracedProcess {
  /** `parqueue-api`, `parqueue-worker`. */
  readonly service: string;
  readonly version: string;
  /** Tells this process from its replicas. */
  readonly instance: string;
  readonly log: { warn(details: object, message: string): void };
}

export interface Traces extends AsyncDisposable {
  readonly tracer: Tracer;
}

/** @returns null where traces are off. Disposing it sends what is left, for a few seconds at most. */
export async function openTraces(
  { telemetry: { traces } }: { readonly telemetry: { readonly traces: TracesOptions | null } },
  process: TracedProcess,
): Promise<Traces | null> {
  if (traces === null) return null;
  const { OpenTelemetryTraces } = await import('./open-telemetry.ts');
  // A collector that is away costs spans, never an answer.
  const onTrouble = (error: unknown): void =>
    process.log.warn({ reason: toFailure(error).message }, 'traces were not taken by their collector');
  return new OpenTelemetryTraces({ ...traces, ...process, onTrouble });
}
