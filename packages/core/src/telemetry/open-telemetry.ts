/**
 * Traces on OpenTelemetry's SDK, sent by OTLP over HTTP. Owns the SDK's settings, all of them explicit, and none of its
 * globals. Of the environment only what the exporter reads itself has a say: OTEL_EXPORTER_OTLP_HEADERS and certificates.
 * Spans wait in a bounded buffer; what a collector does not take is dropped and told.
 */
import { ROOT_CONTEXT, SpanKind as OtelKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import type { Context, Span as OtelSpan, SpanContext, Tracer as OtelTracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TracerProvider,
  TraceIdRatioBasedSampler,
  type SpanExporter,
} from '@opentelemetry/sdk-trace';
import type { Span, SpanAttributes, SpanKind, SpanWish, TraceParent, Tracer } from '../ports/tracing.ts';
import type { TracedProcess, Traces, TracesOptions } from './traces.ts';

const EXPORT_TIMEOUT_MS = 10_000;
const EXPORT_EVERY_MS = 5_000;
/** In memory at most, when the collector is slow; about 1 KB each. */
const SPANS_WAITING_MAX = 4096;
const SPANS_PER_EXPORT = 512;
/** At the end all that wait are sent at once, beside the export that runs; one more would fail all of them. */
const EXPORTS_AT_ONCE_MAX = SPANS_WAITING_MAX / SPANS_PER_EXPORT + 1;
/** A process that stops waits no longer for its collector. */
const LAST_EXPORT_MS = 3_000;

const KINDS: Readonly<Record<SpanKind, OtelKind>> = {
  server: OtelKind.SERVER,
  consumer: OtelKind.CONSUMER,
  client: OtelKind.CLIENT,
  internal: OtelKind.INTERNAL,
};

export interface OpenTelemetryOptions extends TracesOptions, Pick<TracedProcess, 'service' | 'version' | 'instance'> {
  readonly onTrouble: (error: unknown) => void;
}

export class OpenTelemetryTraces implements Traces {
  readonly tracer: Tracer;
  readonly #provider: TracerProvider;
  readonly #onTrouble: (error: unknown) => void;

  constructor(options: OpenTelemetryOptions) {
    const { url, ratio, headers, service, version, instance, onTrouble } = options;
    const exporter = new OTLPTraceExporter({
      url,
      headers: { ...headers },
      timeoutMillis: EXPORT_TIMEOUT_MS,
      concurrencyLimit: EXPORTS_AT_ONCE_MAX,
    });
    this.#onTrouble = onTrouble;
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes({
        'service.name': service,
        'service.version': version,
        'service.instance.id': instance,
      }),
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
      spanLimits: {
        attributeCountLimit: 64,
        attributeValueLengthLimit: 1024,
        eventCountLimit: 256,
        linkCountLimit: 16,
      },
      spanProcessors: [
        new BatchSpanProcessor({
          exporter: telling(exporter, onTrouble),
          maxQueueSize: SPANS_WAITING_MAX,
          maxExportBatchSize: SPANS_PER_EXPORT,
          scheduledDelayMillis: EXPORT_EVERY_MS,
          exportTimeoutMillis: EXPORT_TIMEOUT_MS,
        }),
      ],
    });
    this.tracer = new OpenTelemetryTracer(this.#provider.getTracer('parqueue', version));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#provider.forceFlush({ timeoutMillis: LAST_EXPORT_MS });
      await this.#provider.shutdown();
    } catch (error) {
      this.#onTrouble(error);
    }
  }
}

/** The SDK tells failed exports to a global of its own. */
function telling(exporter: SpanExporter, onTrouble: (error: unknown) => void): SpanExporter {
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.error !== undefined) onTrouble(result.error);
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => await exporter.forceFlush?.(),
  };
}

class OpenTelemetryTracer implements Tracer {
  readonly #tracer: OtelTracer;

  constructor(tracer: OtelTracer) {
    this.#tracer = tracer;
  }

  start({ name, kind, parent, attributes, beganAtMs }: SpanWish): Span {
    const options = {
      kind: KINDS[kind],
      attributes,
      root: parent === null,
      ...(beganAtMs === undefined ? {} : { startTime: beganAtMs }),
    };
    return new OpenTelemetrySpan(this.#tracer.startSpan(name, options, within(parent)));
  }
}

class OpenTelemetrySpan implements Span {
  readonly traceparent: TraceParent;
  readonly #span: OtelSpan;

  constructor(span: OtelSpan) {
    const { traceId, spanId, traceFlags } = span.spanContext();
    this.traceparent = `00-${traceId}-${spanId}-${(traceFlags & TraceFlags.SAMPLED).toString(16).padStart(2, '0')}`;
    this.#span = span;
  }

  set(attributes: SpanAttributes): void {
    this.#span.setAttributes(attributes);
  }

  event(name: string, attributes: SpanAttributes): void {
    this.#span.addEvent(name, attributes);
  }

  link(to: TraceParent): void {
    this.#span.addLink({ context: contextOf(to) });
  }

  end(failure: string | null = null, atMs?: number): void {
    if (failure !== null) {
      this.#span.setAttribute('error.type', failure);
      this.#span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.#span.end(atMs);
  }
}

function within(parent: TraceParent | null): Context {
  return parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, contextOf(parent));
}

function contextOf(parent: TraceParent): SpanContext {
  const [, traceId = '', spanId = '', flags = '00'] = parent.split('-');
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
}
