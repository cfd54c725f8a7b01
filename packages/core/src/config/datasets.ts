/** From the shape of a dataset to a dataset that can be asked: everything that takes more than one value to judge. */
import { canonicalColumnType } from '../model/column-type.ts';
import type { SourceKind, SqlSourceKind } from '../model/request.ts';
import type { DatasetConfig, ParamConfig } from './config.ts';
import { didYouMean } from './did-you-mean.ts';
import { readFilePart } from './file-datasets.ts';
import { buildParam, checkParamAgreement, type OnProblem } from './params.ts';
import { buildRefresh } from './refresh.ts';
import type { DatasetInput } from './schema-datasets.ts';
import { NUMBERS_OF } from './schema-freshness.ts';
import { readSqlPart } from './sql-datasets.ts';
import { readFreshness, versioningOf } from './versioning.ts';

export interface DatasetContext {
  /** By name; null: declared, but of no kind that is known. */
  readonly sourceKinds: ReadonlyMap<string, SourceKind | null>;
  readonly sqlBytesMax: number;
  /** Problems are told relative to the dataset. */
  readonly onProblem: OnProblem;
}

/** The result is of use only when there were no problems. */
export function buildDataset(name: string, input: DatasetInput, context: DatasetContext): DatasetConfig {
  const { onProblem, sqlBytesMax } = context;
  const sourceKind = sourceKindOf(input, context);
  const kind = checkKindKeys(input, sourceKind, onProblem);
  const params = buildParams(input.params, onProblem);
  const database = kind === 'file' ? null : databaseOf(sourceKind, context);
  const freshness = readFreshness(input.freshness, kind === 'file' ? kind : database, {
    onProblem: (path, message) => onProblem(['freshness', ...path], message),
    sqlBytesMax,
    dialect: database,
  });
  const base = {
    name,
    description: input.description ?? null,
    source: input.source,
    params,
    select: input.select ?? null,
    columnTypes: buildColumnTypes(input.columns, onProblem),
    freshness: freshness.policy,
    parquet: input.parquet,
    refresh:
      input.refresh === undefined
        ? null
        : buildRefresh(input.refresh, { kind, params }, (path, message) => onProblem(['refresh', ...path], message)),
    store: shareOf(input.store),
  };
  if (kind === 'file') return { kind, ...base, ...readFilePart(input, params, onProblem) };
  return {
    kind,
    ...base,
    ...readSqlPart(input, { params, version: freshness.policy.version, onProblem, sqlBytesMax, dialect: database }),
    version: versioningOf(freshness),
    numbers: input.numbers ?? (database === null ? 'exact' : NUMBERS_OF[database]),
    split: input.split ?? null,
  };
}

function shareOf(input: DatasetInput['store']): DatasetConfig['store'] {
  if (input === undefined) return null;
  const { generations, maxAge } = input.retention;
  return { quotaBytes: input.quota ?? null, generations: generations ?? null, maxAgeMs: maxAge ?? null };
}

/** null where the source is not declared or of no kind that is known. */
function sourceKindOf(
  { source }: DatasetInput,
  { sourceKinds, onProblem }: Pick<DatasetContext, 'sourceKinds' | 'onProblem'>,
): SourceKind | null {
  const kind = sourceKinds.get(source);
  if (kind === undefined)
    onProblem(
      ['source'],
      `names no source of this file${didYouMean(source, sourceKinds.keys())}; declare it under sources`,
    );
  return kind ?? null;
}

/**
 * For which database a statement is written. Where its source is not known and the file's databases are all of one kind,
 * that kind: so all its problems are told at once. Else null: judged by the wrong dialect, it would have others.
 */
function databaseOf(
  sourceKind: SourceKind | null,
  { sourceKinds }: Pick<DatasetContext, 'sourceKinds'>,
): SqlSourceKind | null {
  if (sourceKind !== null) return sourceKind === 'file' ? null : sourceKind;
  const kinds = new Set([...sourceKinds.values()].filter((kind) => kind !== null && kind !== 'file'));
  const [only = null] = kinds;
  return kinds.size === 1 ? only : null;
}

const KEYS = {
  file: {
    main: 'path',
    others: ['format', 'csv'],
    example: "the file's path below the source's root, such as prices/{market}.csv",
  },
  sql: { main: 'sql', others: ['numbers', 'split'], example: 'a SELECT statement' },
} as const;

/** Keys that a kind of database has no use for, and why. */
const USELESS: Partial<Record<SourceKind, Partial<Record<'numbers' | 'split', string>>>> = {
  mysql: {
    numbers: 'where every number has a declared size, and is read as it is',
    split: 'whose sessions cannot share a snapshot: several of them would read several states',
  },
};

/** A dataset is a path or a statement, as its source is made of files or is a database. */
function checkKindKeys(input: DatasetInput, sourceKind: SourceKind | null, onProblem: OnProblem): 'file' | 'sql' {
  const written = input.sql !== undefined && input.path === undefined ? 'sql' : 'file';
  const kind = sourceKind === null ? written : sourceKind === 'file' ? 'file' : 'sql';
  const { main, example } = KEYS[kind];
  const foreign = KEYS[kind === 'file' ? 'sql' : 'file'];
  const reason =
    sourceKind === null ? `the dataset has a ${main}` : `source "${input.source}" is of kind ${sourceKind}`;
  const missing = input[main] === undefined;
  if (input[foreign.main] !== undefined)
    onProblem(
      [foreign.main],
      `is not for this dataset: ${reason}; ${missing ? `write ${main}: ${example}` : 'leave it out'}`,
    );
  else if (missing) onProblem([main], `is missing; write ${example}`);
  for (const key of foreign.others)
    if (input[key] !== undefined) onProblem([key], `is not for this dataset: ${reason}; leave it out`);
  const useless = sourceKind === null ? undefined : USELESS[sourceKind];
  for (const key of KEYS.sql.others)
    if (input[key] !== undefined && useless?.[key] !== undefined)
      onProblem([key], `is not for this dataset: ${reason}, ${useless[key]}; leave it out`);
  return kind;
}

function buildParams(inputs: DatasetInput['params'], onProblem: OnProblem): Record<string, ParamConfig> {
  const params = Object.entries(inputs).map(([name, input]): [string, ParamConfig] => {
    let sound = true;
    const tell: OnProblem = (path, message) => {
      sound = false;
      onProblem(['params', name, ...path], message);
    };
    const param = buildParam(name, input, tell);
    if (sound) checkParamAgreement(param, tell);
    return [name, param];
  });
  return Object.fromEntries(params);
}

function buildColumnTypes(columns: Readonly<Record<string, string>>, onProblem: OnProblem): Record<string, string> {
  const types = Object.entries(columns).map(([column, text]): [string, string] => {
    const type = canonicalColumnType(text);
    if (type === null) {
      onProblem(
        ['columns', column],
        'is not a column type; write boolean, integer, bigint, double, decimal(18,2), varchar, date, timestamp, timestamptz or blob',
      );
    }
    return [column, type ?? text];
  });
  return Object.fromEntries(types);
}
