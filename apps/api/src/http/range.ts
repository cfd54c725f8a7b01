/**
 * One byte range of RFC 9110 section 14. Several ranges, other units and malformed ones are answered with the whole
 * representation, which section 14.2 always allows.
 */
export type RangeReading =
  | { readonly kind: 'whole' }
  /** `end` is inclusive, as in Content-Range. */
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  | { readonly kind: 'unsatisfiable' };

const WHOLE: RangeReading = { kind: 'whole' };

/** Whether the header is one range that is going to be honoured, or refused, whatever the size. */
export function asksForPart(header: string | undefined): boolean {
  return readRange(header, Number.MAX_SAFE_INTEGER).kind !== 'whole';
}

/** `bytes=-N`: the last N bytes, whatever the size. */
export function isSuffixRange(header: string | undefined): boolean {
  return asksForPart(header) && /^bytes=[ \t]*-/i.test(header ?? '');
}

export function readRange(header: string | undefined, size: number): RangeReading {
  const match = /^bytes=[ \t]*([0-9]{0,15})-([0-9]{0,15})[ \t]*$/i.exec(header ?? '');
  if (match === null) return WHOLE;
  const [, first = '', last = ''] = match;
  if (first === '') {
    if (last === '') return WHOLE;
    const length = Number(last);
    if (length === 0 || size === 0) return { kind: 'unsatisfiable' };
    return { kind: 'part', start: Math.max(0, size - length), end: size - 1 };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return WHOLE;
  if (start >= size) return { kind: 'unsatisfiable' };
  return { kind: 'part', start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
}
