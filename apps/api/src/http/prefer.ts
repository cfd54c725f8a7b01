/** `Prefer` of RFC 7240, as far as it is honoured here: `wait=N` in seconds and `respond-async`. */

export interface Preference {
  readonly waitMs: number;
  /** What to say in Preference-Applied; null where nothing was preferred. */
  readonly applied: string | null;
}

/** What a caller waits who says nothing: most fills of a screenful end within it, and proxies allow it. */
export const WAIT_DEFAULT_MS = 30_000;

/** A preference that cannot be read counts as not given (RFC 7240 section 2). */
export function readPrefer(header: string | readonly string[] | undefined, waitMaxMs: number): Preference {
  if (header === undefined) return { waitMs: Math.min(WAIT_DEFAULT_MS, waitMaxMs), applied: null };
  const text = typeof header === 'string' ? header : header.join(',');
  let waitMs: number | null = null;
  let respondAsync = false;
  for (const part of text.split(',')) {
    const [token = ''] = part.split(';');
    const [name = '', value = ''] = token.split('=').map((side) => side.trim());
    if (name.toLowerCase() === 'respond-async') respondAsync = true;
    if (name.toLowerCase() === 'wait' && waitMs === null && /^"?[0-9]{1,9}"?$/.test(value)) {
      waitMs = Number(value.replaceAll('"', '')) * 1000;
    }
  }
  if (waitMs !== null) {
    const granted = Math.min(waitMs, waitMaxMs);
    return { waitMs: granted, applied: `wait=${Math.floor(granted / 1000)}` };
  }
  if (respondAsync) return { waitMs: 0, applied: 'respond-async' };
  return { waitMs: Math.min(WAIT_DEFAULT_MS, waitMaxMs), applied: null };
}
