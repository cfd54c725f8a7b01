/**
 * Versions of statements, asked in one session: those of the tables they read (each database has its own way), or the one
 * value that a refresh key gives.
 */
import { createHash } from 'node:crypto';
import { ParqueueError } from '../../model/errors.ts';
import { composeVersion, type Version } from '../../model/version.ts';
import type { Column } from '../../parquet/column-type.ts';
import type { Clock, RandomId } from '../../ports/clock.ts';
import { refreshKeyLabel } from '../../sql/index.ts';
import { planColumns } from './column-plan.ts';
import type { AskedTables, Known, SqlDatabase } from './database.ts';
import type { SqlSourceQuestion } from './question.ts';
import type { Session } from './session.ts';
import type { Described } from './types.ts';

export interface VersionTools<C, D extends Described, B> {
  readonly database: SqlDatabase<C, D, B>;
  readonly clock: Clock;
  readonly randomId: RandomId;
}

export interface Asked extends AskedTables {
  readonly version: Version;
}

/** @throws ParqueueError PQ_UNTRACKABLE, PQ_SOURCE_REJECTED and what a session throws */
export async function askVersion<C, D extends Described, B>(
  session: Session<C>,
  question: SqlSourceQuestion,
  tools: VersionTools<C, D, B>,
  known: Known = {},
): Promise<Asked> {
  const { kind } = question.asked.version;
  switch (kind) {
    case tools.database.tracks: {
      const asked = await tools.database.askTables(session, question, known);
      const labels = question.parts.map(({ label }) => label);
      return { ...asked, version: composeVersion(kind, versionsOf(labels, asked, known)) };
    }
    case 'refresh-key':
      return await askRefreshKey(session, question, tools, known);
    case 'ttl':
    case 'manual':
      // A state of its own each time: such a head is replaced by policy, never found unchanged.
      return { version: `${kind}:${tools.randomId()}`, parts: {}, reads: {}, tables: [] };
    default:
      throw new ParqueueError(
        'PQ_INVALID_REQUEST',
        `a source of ${tools.database.kind} has no version of kind ${kind}`,
      );
  }
}

async function askRefreshKey<C, D extends Described, B>(
  session: Session<C>,
  { asked }: SqlSourceQuestion,
  { database, clock }: VersionTools<C, D, B>,
  known: Known,
): Promise<Asked> {
  if (asked.version.kind !== 'refresh-key') throw new Error('invariant broken: a refresh key has a statement');
  const label = refreshKeyLabel(asked.version.statement);
  const tables: AskedTables = { parts: {}, reads: {}, tables: [] };
  if (Object.hasOwn(known, label)) {
    return { ...tables, version: composeVersion('refresh-key', versionsOf([label], tables, known)) };
  }
  const beganMs = clock.now();
  const version = await refreshKeyValue(session, asked.version.statement, database);
  const found = { ...tables, parts: { [label]: { version, costMs: Math.max(0, clock.now() - beganMs) } } };
  return { ...found, version: composeVersion('refresh-key', versionsOf([label], found, known)) };
}

/** Texts that can travel in a header and a log as they are. */
const SPEAKING = /^(?! )[A-Za-z0-9_.:+ -]{1,64}(?<! )$/;

async function refreshKeyValue<C, D extends Described, B>(
  session: Session<C>,
  statement: string,
  database: SqlDatabase<C, D, B>,
): Promise<string> {
  // It has no placeholders: the configuration refuses them, because its answer is shared whatever the binds.
  const bound = database.bind(statement, {});
  const described = await database.describe(session, bound);
  const plan = planColumns(described, { columns: null, columnTypes: {}, numbers: 'exact' }, database);
  const [column, ...others] = plan.columns;
  if (column === undefined || others.length > 0) {
    throw new ParqueueError(
      'PQ_UNTRACKABLE',
      `the refresh key's statement has to give one column, it gives ${plan.columns.length}`,
    );
  }
  const rows: unknown[][] = [];
  for await (const chunk of database.rows(session, database.bind(plan.statement(statement), {}), {
    described,
    columns: 1,
  })) {
    rows.push(...chunk);
    // There may be millions: the session is given up with them.
    if (rows.length > 1) break;
  }
  if (rows.length !== 1) {
    throw new ParqueueError(
      'PQ_UNTRACKABLE',
      `the refresh key's statement has to give one row, it gives ${rows.length === 0 ? 'none' : 'several'}`,
    );
  }
  return shown(rows[0]?.[0], column);
}

function shown(value: unknown, column: Column): string {
  // No text can be mistaken for it: an empty text is told apart below.
  if (value === null || value === undefined) return '-null-';
  const text = value instanceof Uint8Array ? Buffer.from(value).toString('hex') : withoutSign(String(value), column);
  return SPEAKING.test(text) && text !== '-null-' ? text : `sha256-${createHash('sha256').update(text).digest('hex')}`;
}

/** Oracle's dates are selected with room for the sign of a year. Texts keep the blanks around them. */
function withoutSign(text: string, { type }: Column): string {
  return type.kind === 'timestamp' ? text.trimStart() : text;
}

function versionsOf(
  labels: readonly string[],
  { parts }: Pick<AskedTables, 'parts'>,
  known: Known,
): Readonly<Record<string, string>> {
  return Object.fromEntries(labels.map((label) => [label, parts[label]?.version ?? known[label] ?? '']));
}
