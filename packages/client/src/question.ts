/** A question and its form as requests, and as a text that is the same for equal ones. */
import type { Format, Freshness, ParamValue, Question } from './types.ts';
import type { Call } from './transport.ts';

/** How the rows are written on the way. */
export interface Form {
  readonly format: Format;
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
  readonly numbers?: 'exact' | 'string' | undefined;
}

/** @param columns of the options beside the question */
export function toQuestion(question: string | Question, columns: readonly string[] | undefined): Question {
  // A copy: it is sent in a later turn, and the caller may change its own until then.
  const asked = typeof question === 'string' ? { dataset: question } : structuredClone(question);
  if (columns === undefined) return asked;
  if (asked.columns !== undefined) throw new TypeError('the question names its columns already: name them once');
  return { ...asked, columns: [...columns] };
}

/** A list of columns in a URL is split at its commas, and spaces around them do not count. */
export function fitsUrl({ columns = [] }: { readonly columns?: readonly string[] | undefined }): boolean {
  return columns.every((name) => !name.includes(',') && name.trim() === name);
}

export interface CallOptions {
  readonly freshness?: Freshness | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly ifNoneMatch?: string | undefined;
}

export function datasetCall(
  { dataset, params = {}, columns }: Extract<Question, { readonly dataset: string }>,
  form: Form,
  options: CallOptions,
): Call {
  if (!fitsUrl({ columns })) throw new TypeError('a URL cannot name a column with a comma: use `query` or `fetch`');
  const named = Object.entries<ParamValue | undefined>(params).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  );
  const { signal, ifNoneMatch } = options;
  return {
    method: 'GET',
    path: `v1/datasets/${encodeURIComponent(dataset)}/data`,
    query: { ...Object.fromEntries(named), ...formQuery(form), columns: columns?.join(',') },
    headers: { ...askHeaders(options), ...(ifNoneMatch === undefined ? {} : { 'if-none-match': ifNoneMatch }) },
    signal,
  };
}

export function queryCall(question: Question, form: Form, options: CallOptions): Call {
  return {
    method: 'POST',
    path: 'v1/query',
    query: formQuery(form),
    body: question,
    headers: askHeaders(options),
    signal: options.signal,
    repeatable: true,
  };
}

export function resolveCall(question: Question, options: CallOptions & { readonly pin?: string | undefined }): Call {
  return {
    method: 'POST',
    path: 'v1/resolve',
    body: options.pin === undefined ? question : { ...question, pin: options.pin },
    headers: askHeaders(options),
    signal: options.signal,
    repeatable: true,
  };
}

/** The immutable rows of one generation. */
export function generationCall(ref: GenerationRef, form: Form | null, signal: AbortSignal | undefined): Call {
  const path = `v1/entries/${encodeURIComponent(ref.key)}/generations/${ref.generation}/data`;
  return { method: 'GET', path, signal, ...(form === null ? {} : { query: formQuery(form) }) };
}

export interface GenerationRef {
  readonly key: string;
  readonly generation: number;
}

/** Equal for equal questions in equal forms, however their members were ordered. Holds parameters: never shown. */
export function identityOf(question: Question, form: Form): string {
  return JSON.stringify([question, form], (_name, value: unknown) => {
    // JSON knows neither NaN nor the infinities, and a parameter in a URL does.
    if (typeof value === 'number' && !Number.isFinite(value)) return { number: String(value) };
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  });
}

function formQuery({ format, limit, offset, numbers }: Form): Readonly<Record<string, string | number | undefined>> {
  return { format, limit, offset: offset === 0 ? undefined : offset, numbers };
}

function askHeaders({ freshness }: CallOptions): Readonly<Record<string, string>> {
  const cacheControl = freshness === undefined ? '' : cacheControlOf(freshness);
  return cacheControl === '' ? {} : { 'cache-control': cacheControl };
}

export function cacheControlOf(freshness: Freshness): string {
  const directives = [
    freshness.noCache === true ? 'no-cache' : null,
    freshness.maxAge === undefined ? null : `max-age=${freshness.maxAge}`,
    freshness.maxStale === undefined
      ? null
      : Number.isFinite(freshness.maxStale)
        ? `max-stale=${freshness.maxStale}`
        : 'max-stale',
    freshness.onlyIfCached === true ? 'only-if-cached' : null,
  ];
  return directives.filter((directive) => directive !== null).join(', ');
}
