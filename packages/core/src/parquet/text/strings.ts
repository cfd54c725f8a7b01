/**
 * Texts and bytes as JSON strings and CSV fields. Arrow's text is UTF-8 already, checked when it was decoded: it is
 * copied byte for byte, and only what the form must escape is looked for. JSON escapes are those of JSON.stringify.
 */
import type { ByteSink } from './sink.ts';
import type { TextOptions, WriteValue } from './numbers.ts';
import type { Spans } from './spans.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;

/** The longest escape, `\u001f`. */
const ESCAPE_BYTES = 6;

/** What is ensured at once: a wide cell is written in steps. */
const STEP_BYTES = 65_536;

/** A multiple of three, so that base64 of the pieces is that of the whole. */
const BASE64_STEP_BYTES = 49_152;

/** For each byte what is written in its place, or undefined. */
const ESCAPES: readonly (Uint8Array | undefined)[] = Array.from({ length: 256 }, (_, byte) =>
  byte < SPACE || byte === QUOTE || byte === BACKSLASH
    ? Buffer.from(JSON.stringify(String.fromCharCode(byte)).slice(1, -1))
    : undefined,
);
const IS_ESCAPED = Uint8Array.from(ESCAPES, (escape) => (escape === undefined ? 0 : 1));

export function textWriter(sink: ByteSink, spans: Spans, { style }: TextOptions): WriteValue {
  const write = style === 'json' ? writeJsonText : writeCsvText;
  return (row) => {
    spans.seek(row);
    write(sink, spans.source, spans);
  };
}

type Range = Pick<Spans, 'start' | 'end'>;

export function writeJsonText(sink: ByteSink, source: Uint8Array, { start, end }: Range): void {
  sink.byte(QUOTE);
  for (let from = start; from < end; from += STEP_BYTES) {
    const to = Math.min(end, from + STEP_BYTES);
    sink.ensure((to - from) * ESCAPE_BYTES);
    const { bytes } = sink;
    let { at } = sink;
    for (let i = from; i < to; i += 1) {
      const byte = source[i] ?? 0;
      if (IS_ESCAPED[byte] === 0) {
        bytes[at] = byte;
        at += 1;
      } else for (const escaped of ESCAPES[byte] ?? []) bytes[at++] = escaped;
    }
    sink.at = at;
  }
  sink.byte(QUOTE);
}

/** Empty text is `""`, so that a reader can tell it from NULL; blanks at an end are quoted, since some readers trim. */
export function writeCsvText(sink: ByteSink, source: Uint8Array, { start, end }: Range): void {
  if (!needsQuotes(source, start, end)) {
    sink.copy(source, start, end);
    return;
  }
  sink.byte(QUOTE);
  for (let from = start; from < end; from += STEP_BYTES) {
    const to = Math.min(end, from + STEP_BYTES);
    sink.ensure(2 * (to - from));
    const { bytes } = sink;
    let { at } = sink;
    for (let i = from; i < to; i += 1) {
      const byte = source[i] ?? 0;
      bytes[at++] = byte;
      if (byte === QUOTE) bytes[at++] = QUOTE;
    }
    sink.at = at;
  }
  sink.byte(QUOTE);
}

function needsQuotes(source: Uint8Array, start: number, end: number): boolean {
  if (start === end || (source[start] ?? 0) <= SPACE || (source[end - 1] ?? 0) <= SPACE) return true;
  for (let i = start; i < end; i += 1) {
    const byte = source[i];
    if (byte === QUOTE || byte === COMMA || byte === LINE_FEED || byte === CARRIAGE_RETURN) return true;
  }
  return false;
}

export function base64Writer(sink: ByteSink, spans: Spans, { style }: TextOptions): WriteValue {
  return (row) => {
    spans.seek(row);
    const { source, start, end } = spans;
    const quoted = style === 'json' || start === end;
    if (quoted) sink.byte(QUOTE);
    for (let from = start; from < end; from += BASE64_STEP_BYTES) {
      const to = Math.min(end, from + BASE64_STEP_BYTES);
      sink.ascii(Buffer.from(source.buffer, source.byteOffset + from, to - from).toString('base64'));
    }
    if (quoted) sink.byte(QUOTE);
  };
}
