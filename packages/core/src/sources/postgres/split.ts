/**
 * One statement read by several sessions that share one snapshot. The first keeps its transaction, in which the version was
 * asked, exports the snapshot and reads its share; the others begin with it. Rows are spread by a hash of a column's
 * text, so all of them are of the state that the version names: `exact`. The locks of the first keep every relation as
 * it is until the last row was read.
 */
import { isParqueueError, ParqueueError } from '../../model/errors.ts';
import { tokenize } from '../../sql/index.ts';
import type { Bound, SplitLoads, SplitWay, SplitWish } from '../sql/database.ts';
import { ofKind } from '../sql/faults.ts';
import { boundStatement, type PostgresBinds } from './bind.ts';
import type { PostgresConnection } from './connection.ts';
import type { PostgresSession } from './driver.ts';
import { ask, askText } from './query.ts';
import { BEGIN } from './snapshot.ts';

type Way = SplitWay<PostgresConnection, PostgresBinds>;

/** Words after which the server chooses rows: each session would choose its own. All are reserved, so no column has such a name. */
const CHOOSES_ROWS = new Set(['limit', 'offset', 'fetch', 'tablesample']);

/** Reading locks are had at once, or somebody waits for what excludes them. */
const LOCK_MS = 2000;
const LOCK_NOT_AVAILABLE = '55P03';

export class PostgresSplits implements SplitLoads<PostgresConnection, PostgresBinds> {
  async plan(session: PostgresSession, wish: SplitWish): Promise<Way | { readonly reason: string }> {
    const { question } = wish;
    if (question.statement.reads.length === 0) return { reason: 'the statement reads no table' };
    const chooses = tokenize(question.statement.text, 'postgres').find(
      ({ kind, text }) => kind === 'word' && CHOOSES_ROWS.has(text.toLowerCase()),
    );
    if (chooses !== undefined) {
      return { reason: `${chooses.text.toUpperCase()} may choose other rows in each session` };
    }
    const into = Math.min(wish.split.into, wish.sessionsMax);
    const snapshot = await exported(session);
    if ('reason' in snapshot) return snapshot;
    return {
      into,
      consistency: 'exact',
      details: {},
      lead: (first) => planned(first, shareOf(0, into, wish)),
      join: async (other) => {
        await other.transact((connection) => connection.query(BEGIN));
        // Its grammar takes a literal only; the server's own names of snapshots are hexadecimal digits and dashes.
        await ask(other, `SET TRANSACTION SNAPSHOT '${snapshot.id}'`);
        await lockAtOnce(other, shareOf(0, into, wish));
      },
      bound: (part) => shareOf(part, into, wish),
    };
  }
}

/**
 * Who waits for an exclusive lock waits for the first session, and whoever comes now waits behind: this session for them,
 * and the first, in our hands, for this one. The server cannot see that, so the wait is short.
 */
async function lockAtOnce(session: PostgresSession, bound: Bound<PostgresBinds>): Promise<void> {
  await ask(session, `SET LOCAL lock_timeout = ${LOCK_MS}`);
  try {
    await planned(session, bound);
  } catch (error) {
    if (!isParqueueError(error) || error.details['database'] !== LOCK_NOT_AVAILABLE) throw error;
    throw ofKind(
      'rejected',
      new ParqueueError('PQ_SOURCE_REJECTED', `${LOCK_NOT_AVAILABLE}: a table is about to be locked for itself`, {
        details: { database: LOCK_NOT_AVAILABLE },
      }),
    );
  }
  await ask(session, 'SET LOCAL lock_timeout = 0');
}

/**
 * Takes the locks of all that the statement reads; partitions are locked by planning only. The first session does so
 * before another one holds any: else it would wait behind who waits for the others, with them in our hands.
 */
async function planned(session: PostgresSession, { text, binds }: Bound<PostgresBinds>): Promise<void> {
  await ask(session, `EXPLAIN (COSTS OFF) ${text}`, binds);
}

/** NULL has no hash: those rows are the first session's. The sign bit is cut off. */
function shareOf(part: number, into: number, { question, statement }: SplitWish): Bound<PostgresBinds> {
  const text = statement(
    question.statement.text,
    (reference) =>
      `coalesce((pg_catalog.hashtextextended(${reference}::text COLLATE "C", 0) & 9223372036854775807) % ${into}, 0) = ${part}`,
  );
  return boundStatement(text, question.asked.binds);
}

/** Refused, the transaction is still whole. */
async function exported(session: PostgresSession): Promise<{ readonly id: string } | { readonly reason: string }> {
  // Below a savepoint nothing can be exported, and without one an error ends the transaction: so it is asked first.
  const allowed = await askText(
    session,
    "SELECT pg_catalog.has_function_privilege('pg_catalog.pg_export_snapshot()', 'EXECUTE')::text",
  );
  if (allowed !== 'true') return { reason: 'EXECUTE on pg_export_snapshot() is not granted' };
  const id = await askText(session, 'SELECT pg_catalog.pg_export_snapshot()');
  return id !== null && /^[0-9A-F-]+$/i.test(id) ? { id } : { reason: 'the server gave no name of its snapshot' };
}
