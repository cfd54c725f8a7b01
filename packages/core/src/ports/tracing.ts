/**
 * Traces as the use cases and servers see them: spans that begin, are told about and end. Where traces are off there is no
 * Tracer at all, so nothing is measured for nobody. What a span may never hold: statements with their literals, bind
 * values, credentials.
 */

/** W3C trace context, `00-TRACE-SPAN-FLAGS`: text, so that it travels in a header, in a job and between threads. */
export type TraceParent = string;

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export type SpanKind = 'server' | 'consumer' | 'client' | 'internal';

export interface SpanWish {
  readonly name: string;
  readonly kind: SpanKind;
  /** null: this span begins a trace of its own, if the ratio wants that one. */
  readonly parent: TraceParent | null;
  readonly attributes: SpanAttributes;
  /** Now, where it is absent. */
  readonly beganAtMs?: number;
}

export interface Span {
  /** What belongs to this span names it as its parent, also where nobody keeps the trace. */
  readonly traceparent: TraceParent;
  set(attributes: SpanAttributes): void;
  event(name: string, attributes: SpanAttributes): void;
  /** This span and that one are about the same work, in different traces. */
  link(to: TraceParent): void;
  /** Once. `failure`: the stable code of what went wrong; null where nothing did. */
  end(failure?: string | null, atMs?: number): void;
}

export interface Tracer {
  start(wish: SpanWish): Span;
}

/** Of a step's details, what an event can hold: texts, numbers, flags. */
export function attributesOf(details: Readonly<Record<string, unknown>>): SpanAttributes {
  const kept = Object.entries(details).filter((entry): entry is [string, string | number | boolean] =>
    ['string', 'number', 'boolean'].includes(typeof entry[1]),
  );
  return Object.fromEntries(kept);
}

const TRACE_PARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

/** @returns null for what is no trace context: a caller's header is only kept where it is one. */
export function readTraceParent(text: unknown): TraceParent | null {
  if (typeof text !== 'string') return null;
  const [, trace = '', span = ''] = TRACE_PARENT.exec(text) ?? [];
  return /[1-9a-f]/.test(trace) && /[1-9a-f]/.test(span) && !text.startsWith('ff') ? text : null;
}

export function traceIdOf(parent: TraceParent): string {
  return parent.slice(3, 35);
}
