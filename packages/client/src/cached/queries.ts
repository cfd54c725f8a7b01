/** Questions to a server as functions: what they do is `fetch`, and nothing else. */
import type { Fetch, FetchOptions } from '../fetch/options.ts';
import type { BindValue, Question } from '../types.ts';
import type {
  Binds,
  BindTypes,
  CachedCall,
  CachedDataset,
  FileQuestionParts,
  Params,
  SqlQuestionParts,
} from './query-types.ts';

/** The one signature behind the overloads of `fetch`: `as` decides what comes. */
export type AnyFetch = (question: Question, options: FetchOptions) => Promise<unknown>;

export function anyFetch(fetch: Fetch): AnyFetch {
  return fetch as AnyFetch;
}

/** A call whose result is as its options say; the types above it promise which. */
export function cachedCall<Args extends readonly unknown[], Result>(
  question: (args: Args) => Question,
  { fetch, options }: { readonly fetch: AnyFetch; readonly options: FetchOptions },
): CachedCall<Args, Result> {
  const call = (...args: readonly unknown[]): unknown => {
    if (isFieldContext(args[1])) return () => call;
    return fetch(question(args as unknown as Args), options);
  };
  // Later options win; `as` decides which of them mean anything.
  const having = (more: FetchOptions): unknown =>
    cachedCall(question, { fetch, options: { ...options, ...more } as FetchOptions });
  return Object.assign(call, { with: having }) as unknown as CachedCall<Args, Result>;
}

export function sqlQuestion(
  { source, sql }: SqlQuestionParts,
  types: BindTypes | undefined,
): (args: readonly [binds?: Binds]) => Question {
  return ([binds = {}]) => {
    const given = types === undefined ? binds : typedBinds(binds, types);
    return Object.keys(given).length === 0 ? { source, sql } : { source, sql, binds: given };
  };
}

function typedBinds(binds: Binds, types: BindTypes): Binds {
  const unknown = Object.keys(binds).find((name) => !Object.hasOwn(types, name));
  if (unknown !== undefined)
    throw new TypeError(`there is no bind ${unknown}; there are ${Object.keys(types).join(', ')}`);
  return Object.fromEntries(
    Object.entries(types).map(([name, type]): [string, BindValue] => {
      const value: unknown = binds[name];
      if (value === undefined) throw new TypeError(`bind ${name} is missing`);
      return [
        name,
        { type, value: typeof value === 'bigint' ? String(value) : (value as string | number | boolean | null) },
      ];
    }),
  );
}

export function fileQuestion<Args extends readonly unknown[]>({
  source,
  path,
}: FileQuestionParts<Args>): (args: Args) => Question {
  return (args) => ({ source, path: typeof path === 'string' ? path : path(...args) });
}

export function datasetQuestion(dataset: string): (args: readonly [params?: Params]) => Question {
  return ([params]) => (params === undefined ? { dataset } : { dataset, params });
}

export function withInvalidate<Given, Result>(
  call: object,
  invalidate: (mode: 'soft' | 'hard' | 'purge') => Promise<unknown>,
): CachedDataset<Given, Result> {
  return Object.assign(call, {
    invalidate: async (mode: 'soft' | 'hard' | 'purge' = 'soft') => await invalidate(mode),
  }) as unknown as CachedDataset<Given, Result>;
}

function isFieldContext(value: unknown): boolean {
  return (
    typeof value === 'object'
    && value !== null
    && 'kind' in value
    && value.kind === 'field'
    && 'addInitializer' in value
    && typeof value.addInitializer === 'function'
  );
}
