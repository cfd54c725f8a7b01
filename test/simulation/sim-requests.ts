/**
 * What simulated callers ask for: files, one thing each, and statements that name tables and views. Statements share
 * tables, so a probe for one key is news for others; a view stands for tables that its name does not tell.
 */
import { cacheKey, composeVersion, type CanonicalRequest, type ResolvedRequest, type Version } from '@parqueue/core';

/** Views of the simulated database, and the tables they read. */
export const VIEWS: Readonly<Record<string, readonly string[]>> = { 'APP.V': ['APP.A', 'APP.B'] };

/** Requests are the same in all worlds, and a key is a hash. */
const requests = new Map<string, ResolvedRequest>();

function once(name: string, make: () => ResolvedRequest): ResolvedRequest {
  const known = requests.get(name) ?? make();
  requests.set(name, known);
  return known;
}

export function fileRequest(path: string): ResolvedRequest {
  return once(`file ${path}`, () => newFileRequest(path));
}

function newFileRequest(path: string): ResolvedRequest {
  return resolved(
    { sourceKind: 'file', question: { kind: 'file', path, format: 'csv', csv: null } },
    { probeTargets: [`sim/${path}`], scopes: [], versionKind: 'checksum' },
  );
}

/** `statement` is the list of what it names: `APP.A,APP.V`. */
export function statementRequest(statement: string): ResolvedRequest {
  return once(`statement ${statement}`, () => newStatementRequest(statement));
}

function newStatementRequest(statement: string): ResolvedRequest {
  const names = statement.split(',');
  return resolved(
    {
      sourceKind: 'oracle',
      question: {
        kind: 'sql',
        statement,
        binds: {},
        session: {},
        version: { kind: 'rowscn' },
        numbers: 'double',
        split: null,
      },
    },
    {
      probeTargets: names.map((name) => `sim/${name}`),
      scopes: names.map((name) => `table:sim/${name}`),
      versionKind: 'rowscn',
    },
  );
}

function resolved(
  { sourceKind, question }: Pick<CanonicalRequest, 'sourceKind' | 'question'>,
  { scopes, ...reach }: Pick<ResolvedRequest, 'probeTargets' | 'scopes' | 'versionKind'>,
): ResolvedRequest {
  const canonical: CanonicalRequest = {
    keyFormat: 1,
    sourceKind,
    sourceIdentity: `${sourceKind}:/sim`,
    columns: null,
    columnTypes: {},
    parquet: { compression: 'zstd', rowGroupRows: 1_000_000 },
    question,
  };
  return {
    key: cacheKey(canonical),
    canonical,
    source: 'sim',
    dataset: 'sims',
    scopes: ['source:sim', 'dataset:sims', ...scopes],
    limits: { rowsMax: 1e9, bytesMax: 1e12, timeoutMs: 1e9 },
    ...reach,
  };
}

type Asked = Pick<CanonicalRequest, 'question'>;

/** What the request asks for, in one word: the rows carry it. */
export function entryOf({ question }: Asked): string {
  return question.kind === 'sql' ? question.statement : question.kind === 'file' ? question.path : question.name;
}

/** The parts a request names: its file, or tables and views. */
export function namesOf(asked: Asked): readonly string[] {
  const entry = entryOf(asked);
  return asked.question.kind === 'sql' ? entry.split(',') : [entry];
}

/** The things with a history that a request reads, views expanded. */
export function thingsOf(asked: Asked): readonly string[] {
  const known = things.get(asked.question) ?? [...new Set(namesOf(asked).flatMap((name) => VIEWS[name] ?? [name]))];
  things.set(asked.question, known);
  return known;
}

const things = new WeakMap<Asked['question'], readonly string[]>();

/** The contents of things, by name. */
export type Contents = Readonly<Record<string, number>>;

/** The version of one part: a table's own, or the vector of the tables behind a view. */
export function partVersion(name: string, contents: Contents): string {
  const tables = VIEWS[name];
  if (tables === undefined) return String(contents[name]);
  return tables.map((table) => `${table}=${contents[table]}`).join(',');
}

export function versionOf(asked: Asked, contents: Contents): Version {
  if (asked.question.kind === 'file') return `checksum:${contents[asked.question.path]}`;
  return composeVersion(
    'rowscn',
    Object.fromEntries(namesOf(asked).map((name) => [name, partVersion(name, contents)])),
  );
}
