/** What opening traces takes and gives; who opens them and what they are made of (OpenTelemetry) both know this. */
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
