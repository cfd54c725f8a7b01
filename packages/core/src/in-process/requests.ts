/** From what an application says of a wrapped function and one call of it to a resolved request (I1). */
import { cacheKey } from '../model/cache-key.ts';
import { canonicalJson, type Json } from '../model/canonical-json.ts';
import { canonicalColumnType } from '../model/column-type.ts';
import { ParqueueError } from '../model/errors.ts';
import {
  DEFAULT_PARQUET,
  KEY_FORMAT,
  WRAPPED_NAME,
  WRAPPED_SOURCE,
  type FillLimits,
  type ResolvedRequest,
} from '../model/request.ts';
import { declaredColumns } from '../sources/wrapped/index.ts';

export interface WrappedFunction {
  readonly name: string;
  readonly revision: string;
  readonly version: 'token' | 'ttl' | 'manual';
  /** Declared types by column, such as `decimal(18,2)`. */
  readonly columnTypes: Readonly<Record<string, string>>;
  readonly limits: FillLimits;
}

const REVISION_CHARS_MAX = 100;
/** As much as the body of a question to an API may be; manifests keep them. */
const ARGUMENTS_CHARS_MAX = 1024 * 1024;

/** The longest that a timer takes; a longer one would fire at once. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** @throws ParqueueError PQ_INVALID_REQUEST, PQ_UNSUPPORTED_TYPE for what no call of it could be right with */
export function checkFunction({ name, revision, columnTypes, limits }: WrappedFunction): void {
  if (!WRAPPED_NAME.test(name)) {
    throw new ParqueueError(
      'PQ_INVALID_REQUEST',
      'the key of a wrapped function is a name of 1 to 100 letters, digits, and _ . / - after the first',
    );
  }
  if (revision.length > REVISION_CHARS_MAX)
    throw new ParqueueError(
      'PQ_INVALID_REQUEST',
      `the revision of ${name} is longer than ${REVISION_CHARS_MAX} characters`,
    );
  const { timeoutMs, rowsMax, bytesMax } = limits;
  if (!(timeoutMs > 0 && timeoutMs <= TIMEOUT_MS_MAX)) {
    throw new ParqueueError(
      'PQ_INVALID_REQUEST',
      `the time limit of ${name} has to be above 0 and at most ${Math.floor(TIMEOUT_MS_MAX / 1000)} seconds`,
    );
  }
  if (!(rowsMax > 0 && bytesMax > 0))
    throw new ParqueueError('PQ_INVALID_REQUEST', `the limits of rows and bytes of ${name} have to be above 0`);
  declaredColumns(columnTypes);
}

export function sourceOf({ name }: Pick<WrappedFunction, 'name'>): string {
  return `${WRAPPED_SOURCE}${name}`;
}

/**
 * @param args in canonical form
 * @throws ParqueueError PQ_LIMIT_EXCEEDED
 */
export function requestOf(of: WrappedFunction, args: Json): ResolvedRequest {
  const source = sourceOf(of);
  if (canonicalJson(args).length > ARGUMENTS_CHARS_MAX) {
    throw new ParqueueError(
      'PQ_LIMIT_EXCEEDED',
      `the arguments of wrapped function ${of.name} have more than ${ARGUMENTS_CHARS_MAX} characters of JSON: `
        + 'give `key` a function that makes a short value of them, such as a hash',
    );
  }
  const canonical = {
    keyFormat: KEY_FORMAT,
    sourceKind: 'wrapped',
    sourceIdentity: source,
    question: {
      kind: 'wrapped',
      name: of.name,
      revision: of.revision,
      arguments: args,
      version: { kind: of.version },
    },
    columns: null,
    columnTypes: Object.fromEntries(
      Object.entries(of.columnTypes).map(([name, type]) => [name, canonicalColumnType(type) ?? type]),
    ),
    parquet: DEFAULT_PARQUET,
  } as const;
  return {
    key: cacheKey(canonical),
    canonical,
    source,
    dataset: null,
    scopes: [`source:${source}`],
    probeTargets: [],
    versionKind: of.version,
    limits: of.limits,
  };
}
