/** What clients ask: which rows in which columns of which source, and how old they may be. */
import { OWNERS, type Owner } from './truth.ts';

export const SOURCES = ['lake', 'ora', 'pg'] as const;
export type SourceName = (typeof SOURCES)[number];

/** As declared in the stage's configuration (stage.ts); `ttl` is right for its age without a question to the source. */
export const POLICIES = {
  strict: { maxAgeMs: 0, whileRevalidateMs: 0, ifErrorMs: 0 },
  aged: { maxAgeMs: 4000, whileRevalidateMs: 0, ifErrorMs: 30_000 },
  lazy: { maxAgeMs: 2000, whileRevalidateMs: 5000, ifErrorMs: 0 },
  ttl: { maxAgeMs: 3000, whileRevalidateMs: 0, ifErrorMs: 0 },
} as const;
export type PolicyName = keyof typeof POLICIES;

/** How long what was replaced stays, in the stage's configuration: longer than a lease, as everywhere. */
export const GRACE_MS = 3000;

export const ALL_COLUMNS = ['id', 'owner', 'version', 'twin', 'word'] as const;
const SOME_COLUMNS = ['word', 'version', 'id', 'owner'] as const;
/** Other columns, so that it is an entry of its own: how a version is obtained is no part of a file's question. */
const COLUMNS_BY_AGE = ['version', 'word', 'id', 'owner'] as const;

/** One entry of the cache, whichever dataset asks for it. */
export interface Question {
  readonly name: string;
  readonly source: SourceName;
  readonly owner: Owner;
  readonly columns: readonly string[];
  /** Loaded anew whenever it is too old; the others when a probe finds a change. */
  readonly byAge: boolean;
}

const probed = SOURCES.flatMap((source) => [
  ...OWNERS.map((owner): Question => ({
    name: `${source}/${owner}`,
    source,
    owner,
    columns: ALL_COLUMNS,
    byAge: false,
  })),
  { name: `${source}/ada/some`, source, owner: OWNERS[0], columns: SOME_COLUMNS, byAge: false },
]);
const byAge: Question = { name: 'lake/bob/ttl', source: 'lake', owner: 'bob', columns: COLUMNS_BY_AGE, byAge: true };
export const QUESTIONS: readonly Question[] = [...probed, byAge];

export function policiesOf(question: Question): readonly PolicyName[] {
  return question.byAge ? ['ttl'] : ['strict', 'aged', 'lazy'];
}

/** The dataset's name and what belongs behind it in a URL. */
export function datasetOf({ source }: Pick<Question, 'source'>, policy: PolicyName): string {
  return `${source}_${policy}`;
}

export function queryOf({ owner, columns }: Question): string {
  return `owner=${owner}${columns === ALL_COLUMNS ? '' : `&columns=${columns.join()}`}`;
}
