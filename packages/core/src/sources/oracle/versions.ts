/**
 * Versions: what a statement's parts are at, asked in one session. A table's version is `<count>@<newest ORA_ROWSCN>`:
 * the count sees rows that went away, the SCN rows that came or changed. A view's or synonym's is that of each base
 * table behind it, with a digest of the definitions on the way, since another definition shows other rows. A refresh
 * key's is the one value that its statement gives.
 */
import { createHash } from 'node:crypto';
import { isParqueueError, ParqueueError } from '../../model/errors.ts';
import { composeVersion, type Version } from '../../model/version.ts';
import type { Column } from '../../parquet/column-type.ts';
import type { Clock, RandomId } from '../../ports/clock.ts';
import type { ProbedPart } from '../../ports/source.ts';
import { quotedName } from './connect.ts';
import type { Dictionary, Expansion, PartName, TableName } from './dictionary.ts';
import { fetchTypeHandler } from './fetch-types.ts';
import { faultKindOf } from './faults.ts';
import { planColumns } from './column-plan.ts';
import { ask, textOrNull } from './query.ts';
import { refreshKeyLabel } from '../../sql/index.ts';
import { boundStatement, type OracleQuestion } from './question.ts';
import type { Session } from './session.ts';
import { untrackable } from './untrackable.ts';

export interface VersionTools {
  readonly dictionary: Dictionary;
  readonly clock: Clock;
  readonly randomId: RandomId;
}

export interface AskedTable {
  readonly name: string;
  readonly version: string;
  readonly costMs: number;
}

export interface Asked {
  readonly version: Version;
  readonly parts: Readonly<Record<string, ProbedPart>>;
  readonly reads: Readonly<Record<string, readonly string[]>>;
  /** Each base table that was asked, once. */
  readonly tables: readonly AskedTable[];
}

/** Whether asking takes several statements, which have to be answered for one point in time. */
export function asksSeveral(
  { asked, parts }: OracleQuestion,
  { dictionary }: VersionTools,
  known: Readonly<Record<string, string>>,
): boolean {
  if (asked.version.kind !== 'rowscn') return false;
  const [first, ...others] = parts.filter(({ label }) => !Object.hasOwn(known, label));
  return others.length > 0 || (first !== undefined && !dictionary.isTable(first));
}

/** @throws ParqueueError PQ_UNTRACKABLE, PQ_SOURCE_REJECTED and what a session throws */
export async function askVersion(
  session: Session,
  question: OracleQuestion,
  tools: VersionTools,
  known: Readonly<Record<string, string>> = {},
): Promise<Asked> {
  const { kind } = question.asked.version;
  switch (kind) {
    case 'rowscn':
      return await askTables(session, question, tools, known);
    case 'refresh-key':
      return await askRefreshKey(session, question, tools, known);
    case 'ttl':
    case 'manual':
      // A state of its own each time: such a head is replaced by policy, never found unchanged.
      return { version: `${kind}:${tools.randomId()}`, parts: {}, reads: {}, tables: [] };
    default:
      throw new ParqueueError('PQ_INVALID_REQUEST', `an Oracle source has no version of kind ${kind}`);
  }
}

async function askTables(
  session: Session,
  { parts }: OracleQuestion,
  tools: VersionTools,
  known: Readonly<Record<string, string>>,
): Promise<Asked> {
  const asked = new Map<string, AskedTable>();
  const probed: Record<string, ProbedPart> = {};
  const reads: Record<string, readonly string[]> = {};
  for (const part of parts) {
    if (Object.hasOwn(known, part.label)) continue;
    const beganMs = tools.clock.now();
    const { tables, definition } = await askPart(session, part, tools, asked);
    const vector = tables.map(({ label }) => ({ label, version: asked.get(label)?.version ?? '' }));
    probed[part.label] = {
      version:
        definition === null
          ? (vector[0]?.version ?? '')
          : [`definition=${definition}`, ...vector.map(({ label, version }) => `${label}=${version}`)].join(','),
      costMs: Math.max(0, tools.clock.now() - beganMs),
    };
    if (definition !== null) reads[part.label] = tables.map(({ label }) => label);
  }
  return {
    version: composeVersion(
      'rowscn',
      versionsOf(
        parts.map(({ label }) => label),
        probed,
        known,
      ),
    ),
    parts: probed,
    reads,
    tables: [...asked.values()],
  };
}

/** A remembered table may have become a view meanwhile: then asking it fails, and it is looked up afresh, once. */
async function askPart(
  session: Session,
  part: PartName,
  { dictionary, clock }: VersionTools,
  asked: Map<string, AskedTable>,
): Promise<Expansion> {
  for (let attempt = 1; ; attempt += 1) {
    const expansion = await dictionary.expand(session, part);
    try {
      for (const table of expansion.tables) {
        if (asked.has(table.label)) continue;
        const beganMs = clock.now();
        const version = await tableVersion(session, table, { part, isPart: expansion.definition === null });
        asked.set(table.label, { name: table.label, version, costMs: Math.max(0, clock.now() - beganMs) });
      }
      return expansion;
    } catch (error) {
      dictionary.forget(part);
      if (attempt > 1 || expansion.definition !== null || !isParqueueError(error) || error.code !== 'PQ_UNTRACKABLE')
        throw error;
    }
  }
}

/** Oracle's words for "this has no ORA_ROWSCN": it is no column there, or not of one table. */
const NO_ROWSCN = new Set(['ORA-00904', 'ORA-01445', 'ORA-01446', 'ORA-30501', 'ORA-01752', 'ORA-30657', 'ORA-29913']);

async function tableVersion(
  session: Session,
  { owner, name, label }: TableName,
  { part, isPart }: { readonly part: PartName; readonly isPart: boolean },
): Promise<string> {
  let row: readonly unknown[] | undefined;
  try {
    [row] = await ask(session, `SELECT COUNT(*), MAX(ORA_ROWSCN) FROM ${quotedName(owner)}.${quotedName(name)}`);
  } catch (error) {
    const database = isParqueueError(error) ? String(error.details['database'] ?? '') : '';
    if (NO_ROWSCN.has(database)) throw untrackable(part, `${label} has no usable ORA_ROWSCN (${database})`);
    // The view's owner may read the table, and this user only the view.
    if (!isPart && faultKindOf(error) === 'privileges') {
      throw untrackable(part, `it reads ${label}, which the user of this source may not`, `grant SELECT on ${label}`);
    }
    throw error;
  }
  const [count, newest] = (row ?? []).map(textOrNull);
  if (count === undefined || count === null) throw untrackable(part, `${label} gave no count`);
  if (newest !== undefined && newest !== null) return `${count}@${newest}`;
  if (count !== '0') throw untrackable(part, `the rows of ${label} have no ORA_ROWSCN`);
  return '0@-';
}

async function askRefreshKey(
  session: Session,
  { asked }: OracleQuestion,
  { clock }: VersionTools,
  known: Readonly<Record<string, string>>,
): Promise<Asked> {
  if (asked.version.kind !== 'refresh-key') throw new Error('invariant broken: a refresh key has a statement');
  const label = refreshKeyLabel(asked.version.statement);
  const parts: Record<string, ProbedPart> = {};
  if (!Object.hasOwn(known, label)) {
    const beganMs = clock.now();
    const version = await refreshKeyValue(session, asked.version.statement);
    parts[label] = { version, costMs: Math.max(0, clock.now() - beganMs) };
  }
  return { version: composeVersion('refresh-key', versionsOf([label], parts, known)), parts, reads: {}, tables: [] };
}

/** Texts that can travel in a header and a log as they are. */
const SPEAKING = /^(?! )[A-Za-z0-9_.:+ -]{1,64}(?<! )$/;

async function refreshKeyValue(session: Session, statement: string): Promise<string> {
  // It has no placeholders: the configuration refuses them, because its answer is shared whatever the binds.
  const { text, binds } = boundStatement(statement, {});
  const { metaData } = await session.call((connection) => connection.getStatementInfo(text));
  const plan = planColumns(metaData ?? [], { columns: null, columnTypes: {}, numbers: 'exact' });
  if (plan.columns.length !== 1) {
    throw new ParqueueError(
      'PQ_UNTRACKABLE',
      `the refresh key's statement has to give one column, it gives ${plan.columns.length}`,
    );
  }
  const { rows = [] } = await session.call((connection) =>
    connection.execute<unknown[]>(plan.statement(text), binds, { fetchTypeHandler, maxRows: 2 }),
  );
  if (rows.length !== 1) {
    throw new ParqueueError(
      'PQ_UNTRACKABLE',
      `the refresh key's statement has to give one row, it gives ${rows.length === 0 ? 'none' : 'several'}`,
    );
  }
  const value = rows[0]?.[0];
  // No text can be mistaken for it: an empty text is NULL in Oracle.
  if (value === null || value === undefined) return '-null-';
  const shown = Buffer.isBuffer(value) ? value.toString('hex') : withoutSign(String(value), plan.columns[0]);
  return SPEAKING.test(shown) && shown !== '-null-'
    ? shown
    : `sha256-${createHash('sha256').update(shown).digest('hex')}`;
}

/** Dates are selected with room for the sign of a year. Texts keep the blanks around them: they are another value. */
function withoutSign(text: string, column: Column | undefined): string {
  return column?.type.kind === 'timestamp' ? text.trimStart() : text;
}

function versionsOf(
  labels: readonly string[],
  probed: Readonly<Record<string, ProbedPart>>,
  known: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(labels.map((label) => [label, probed[label]?.version ?? known[label] ?? '']));
}
