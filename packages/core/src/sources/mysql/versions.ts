/**
 * Versions of a statement's parts. A table's is `<count>@<sum of its rows' hashes>.<digest of its structure>` (checksum.ts);
 * a view's that of each base table behind it, with a digest of the definitions on the way, since another definition shows
 * other rows. All of it depends on what is stored and on nothing else: the same rows have the same version on every
 * server, after a restore, and after they were written anew.
 */
import type { TypedValue } from '../../model/request.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ProbedPart } from '../../ports/source.ts';
import { ParqueueError } from '../../model/errors.ts';
import type { AskedTable, AskedTables, Bound, Known, PartName } from '../sql/database.ts';
import { faultKindOf } from '../sql/faults.ts';
import type { SqlSourceQuestion } from '../sql/question.ts';
import type { Session } from '../sql/session.ts';
import { untrackable, WAYS_OUT } from '../sql/untrackable.ts';
import type { MysqlValue } from './bind.ts';
import { checksumOf, checksumStatement } from './checksum.ts';
import type { MysqlConnection } from './connection.ts';
import { expand, historyRead, notBehind, type BaseTable } from './dictionary.ts';
import { ask } from './query.ts';
import { tablesExplained, UNSAID } from './relations.ts';

export interface TableTools {
  readonly clock: Clock;
  readonly bind: (statement: string, values: Readonly<Record<string, TypedValue>>) => Bound<readonly MysqlValue[]>;
}

/**
 * Always, where anything is asked: definitions and rows are looked at one after the other, and have to be of one state. Of
 * a statement that names no table the server is asked whether that is so.
 */
export function asksSeveral({ parts }: SqlSourceQuestion, known: Known): boolean {
  return parts.length === 0 || parts.some(({ label }) => !Object.hasOwn(known, label));
}

/** @throws ParqueueError PQ_UNTRACKABLE, PQ_SOURCE_REJECTED and what a session throws */
export async function askTables(
  session: Session<MysqlConnection>,
  question: SqlSourceQuestion,
  { clock, bind }: TableTools,
  known: Known,
): Promise<AskedTables> {
  const asked = new Map<string, AskedTable>();
  const probed: Record<string, ProbedPart> = {};
  const reads: Record<string, readonly string[]> = {};
  const behind: Behind = { labels: new Set(), tables: [] };
  let snapshots = true;
  for (const part of question.parts) {
    if (Object.hasOwn(known, part.label)) continue;
    const beganMs = clock.now();
    const expansion = await expand(session, part);
    for (const label of expansion.behind) behind.labels.add(label);
    behind.tables.push(...expansion.tables);
    for (const table of expansion.tables) {
      snapshots &&= table.snapshots;
      if (asked.has(table.label)) continue;
      const tableBeganMs = clock.now();
      const version = await tableVersion(session, table, part);
      asked.set(table.label, { name: table.label, version, costMs: Math.max(0, clock.now() - tableBeganMs) });
    }
    const vector = expansion.tables.map(({ label }) => ({ label, version: asked.get(label)?.version ?? '' }));
    probed[part.label] = {
      version:
        expansion.definition === null
          ? (vector[0]?.version ?? '')
          : [`definition=${expansion.definition}`, ...vector.map(({ label, version }) => `${label}=${version}`)].join(
              ',',
            ),
      costMs: Math.max(0, clock.now() - beganMs),
    };
    if (expansion.definition !== null) reads[part.label] = vector.map(({ label }) => label);
  }
  // What a probe finds unchanged was checked when it was loaded, and every load asks for all parts.
  if (Object.keys(known).length === 0) await confirmTables(session, question, bind, behind);
  return { parts: probed, reads, tables: [...asked.values()], consistency: snapshots ? 'exact' : 'statement' };
}

async function tableVersion(session: Session<MysqlConnection>, table: BaseTable, part: PartName): Promise<string> {
  if (table.constant) return `constant.${table.structure}`;
  const [row = []] = await ask(session, checksumStatement(table)).catch((error: unknown) => {
    // The view's definer may read the table, and this user only the view.
    if (faultKindOf(error) !== 'privileges' || table.label === part.label) throw error;
    throw untrackable(
      part,
      `it reads ${table.label}, which the user of this source may not`,
      `grant SELECT on ${table.label}`,
    );
  });
  const checksum = checksumOf(row);
  if (checksum !== null) return `${checksum.count}@${checksum.digest}.${table.structure}`;
  throw untrackable(
    part,
    `${table.label} has rows longer than max_allowed_packet, which the server cannot hash`,
    'raise max_allowed_packet',
  );
}

/** What the parts of a statement stand for. */
interface Behind {
  readonly labels: Set<string>;
  readonly tables: BaseTable[];
}

/** The server reads nothing for the statement that no part stands for. */
async function confirmTables(
  session: Session<MysqlConnection>,
  { statement, asked }: SqlSourceQuestion,
  bind: TableTools['bind'],
  { labels, tables }: Behind,
): Promise<void> {
  const { text, binds } = bind(statement.text, asked.binds);
  const named = await tablesExplained(session, text, binds);
  if (named === null) throw refused(`the server does not say which tables the statement reads (${UNSAID})`);
  const history = historyRead(named, tables);
  if (history !== null) throw refused(`the statement reads ${history}`);
  const missed = notBehind(named, labels);
  if (missed === null) return;
  throw refused(`the server says that the statement reads ${missed}, which is not seen in it`, { object: missed });
}

function refused(why: string, details: Readonly<Record<string, string>> = {}): ParqueueError {
  return new ParqueueError('PQ_UNTRACKABLE', `${why}; ${WAYS_OUT}`, { details });
}
