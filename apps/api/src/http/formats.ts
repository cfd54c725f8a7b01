/** The representations of a data answer, their media types, and the choice among them (RFC 9110 section 12.5.1). */
import { HttpRefusal } from './problem.ts';
import { readPreferences, type Preference } from './qualities.ts';

/** In the order in which the server prefers them where a caller does not mind. */
export const DATA_FORMATS = ['parquet', 'arrow', 'csv', 'json', 'ndjson'] as const;
export type DataFormat = (typeof DATA_FORMATS)[number];

/** What is made from the stored Parquet. */
export type ConvertedFormat = Exclude<DataFormat, 'parquet'>;

export const MEDIA_TYPES: Readonly<Record<DataFormat, string>> = {
  parquet: 'application/vnd.apache.parquet',
  arrow: 'application/vnd.apache.arrow.stream',
  csv: 'text/csv; charset=utf-8; header=present',
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
};

/** Names that callers use for the same; the first is the one answered with. */
const NAMES: Readonly<Record<DataFormat, readonly string[]>> = {
  parquet: [
    'application/vnd.apache.parquet',
    'application/parquet',
    'application/x-parquet',
    'application/octet-stream',
  ],
  arrow: ['application/vnd.apache.arrow.stream'],
  csv: ['text/csv'],
  json: ['application/json'],
  ndjson: ['application/x-ndjson', 'application/ndjson', 'application/jsonl'],
};

/** A range that asks for another value of one of these does not match; what else it says makes no difference here. */
const PARAMS: Readonly<Record<DataFormat, ReadonlyMap<string, string>>> = {
  parquet: new Map(),
  arrow: new Map(),
  csv: new Map([
    ['charset', 'utf-8'],
    ['header', 'present'],
  ]),
  json: new Map([['charset', 'utf-8']]),
  ndjson: new Map([['charset', 'utf-8']]),
};

/** How exactly a range names a type: the most exact one decides its quality (RFC 9110 section 12.5.1). */
type Exactness = 0 | 1 | 2 | 3;

interface Match {
  readonly format: DataFormat;
  readonly exactness: Exactness;
  readonly quality: number;
  /** Where in the header. */
  readonly at: number;
}

export function isDataFormat(text: string): text is DataFormat {
  return DATA_FORMATS.some((format) => format === text);
}

/**
 * @param wanted the `format` of the query, which wins over Accept
 * @throws HttpRefusal 406 naming what is offered.
 */
export function chooseFormat(accept: string | undefined, wanted: string | undefined): DataFormat {
  if (wanted !== undefined) {
    if (isDataFormat(wanted)) return wanted;
    throw notOffered(`format ${JSON.stringify(wanted)}`);
  }
  if (accept === undefined || accept.trim() === '') return 'parquet';
  const ranges = readPreferences(accept);
  const matches = DATA_FORMATS.flatMap((format) => decisive(format, ranges) ?? []).filter(({ quality }) => quality > 0);
  // Of equal qualities the more exact range wins, `application/json, */*` being a wish for JSON; of types named alike
  // the first. Sorting is stable: what is left in doubt is in the server's order.
  const [best] = matches.toSorted(
    (a, b) => b.quality - a.quality || b.exactness - a.exactness || (a.exactness >= 2 ? a.at - b.at : 0),
  );
  if (best === undefined) throw notOffered(`a type matching Accept: ${accept}`);
  return best.format;
}

/** The range that decides about a format; of equally exact ones, for its different names, the one that wants it most. */
function decisive(format: DataFormat, ranges: readonly Preference[]): Match | null {
  let best: Match | null = null;
  for (const [at, range] of ranges.entries()) {
    const exactness = exactnessOf(format, range);
    if (exactness === null) continue;
    const { quality } = range;
    if (best === null || exactness > best.exactness || (exactness === best.exactness && quality > best.quality))
      best = { format, exactness, quality, at };
  }
  return best;
}

function exactnessOf(format: DataFormat, { name, params }: Preference): Exactness | null {
  const known = [...params].filter(([param]) => PARAMS[format].has(param));
  if (known.some(([param, value]) => PARAMS[format].get(param) !== value)) return null;
  // Java's own client writes `*` for `*/*`.
  if (name === '*/*' || name === '*') return 0;
  if (NAMES[format].includes(name)) return known.length > 0 ? 3 : 2;
  const [own] = NAMES[format];
  return name.endsWith('/*') && own?.startsWith(name.slice(0, -1)) === true ? 1 : null;
}

export function notOffered(wanted: string): HttpRefusal {
  const advice = /arrow\.file|feather/i.test(wanted)
    ? '; Arrow comes as a stream (application/vnd.apache.arrow.stream, .arrow), which every Arrow reader opens'
    : '';
  return new HttpRefusal(
    406,
    'PQ_INVALID_REQUEST',
    `${wanted} is not offered; ask for one of ${DATA_FORMATS.join(', ')}${advice}`,
    { details: { offered: DATA_FORMATS } },
  );
}
