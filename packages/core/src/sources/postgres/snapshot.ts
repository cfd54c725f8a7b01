/**
 * The transaction of a load or probe, and what tells its snapshot from those of another cluster. REPEATABLE READ shows
 * one state from its first question to its end; nothing is ever written.
 */
import type { Begun } from '../sql/database.ts';
import { faultKindOf } from '../sql/faults.ts';
import type { PostgresSession } from './driver.ts';
import { ask as askSession } from './query.ts';
import type { Ask } from './relations.ts';

export const BEGIN = 'BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY';

/** Who has hundreds of transactions open has as many numbers in a snapshot's text. */
const SNAPSHOT_CHARS_MAX = 200;

export async function beginSnapshot(session: PostgresSession): Promise<Begun> {
  await session.transact((connection) => connection.query(BEGIN));
  // The first question takes the snapshot.
  const [row] = await askSession(
    session,
    'SELECT pg_catalog.pg_current_snapshot()::text, pg_catalog.pg_is_in_recovery()::text',
  );
  const snapshot = row?.[0] ?? '';
  return {
    consistency: 'exact',
    details: {
      snapshot: snapshot.length > SNAPSHOT_CHARS_MAX ? `${snapshot.slice(0, SNAPSHOT_CHARS_MAX)}…` : snapshot,
      standby: row?.[1] === 'true',
    },
  };
}

export interface Origin {
  /** The snapshot's xmax less one: no row that it shows was written by a later transaction. */
  readonly m: string;
  /**
   * `<system identifier>/<timeline>`: transaction numbers are given anew by a cluster that was made anew, and by one that
   * was restored or failed over to an earlier point. null: it may not be read here.
   */
  readonly cluster: string | null;
  /** lc_monetary: how many of its digits a money value has after the point is its affair, and no session pins it. */
  readonly money: string;
}

/**
 * The timeline of the control file is that of the last checkpoint, which may be minutes after a promotion; where the
 * log is written tells at once. A standby does not write it.
 */
const TIMELINE = {
  primary: 'pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8)',
  standby:
    "pg_catalog.lpad(pg_catalog.upper(pg_catalog.to_hex(greatest(c.timeline_id, (pg_catalog.pg_control_recovery()).min_recovery_end_timeline))), 8, '0')",
};

export async function originOf(ask: Ask): Promise<Origin> {
  const [row] = await ask(
    'SELECT (pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint - 1)::text, '
      + "pg_catalog.pg_is_in_recovery()::text, pg_catalog.current_setting('lc_monetary')",
  );
  const timeline = row?.[1] === 'true' ? TIMELINE.standby : TIMELINE.primary;
  return { m: row?.[0] ?? '0', cluster: await clusterOf(ask, timeline), money: row?.[2] ?? '' };
}

/** An error would end the transaction; whoever runs the server may have taken these functions away. */
async function clusterOf(ask: Ask, timeline: string): Promise<string | null> {
  await ask('SAVEPOINT pq_cluster');
  try {
    const [row] = await ask(
      `SELECT s.system_identifier::text || '/' || ${timeline} FROM pg_catalog.pg_control_system() s, pg_catalog.pg_control_checkpoint() c`,
    );
    // Ended either way: a snapshot cannot be exported from below a savepoint.
    await ask('RELEASE SAVEPOINT pq_cluster');
    return row?.[0] ?? null;
  } catch (error) {
    const kind = faultKindOf(error);
    if (kind !== 'privileges' && kind !== 'rejected') throw error;
    await ask('ROLLBACK TO SAVEPOINT pq_cluster');
    await ask('RELEASE SAVEPOINT pq_cluster');
    return null;
  }
}
