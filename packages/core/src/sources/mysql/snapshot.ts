/**
 * The transaction in which versions are asked and rows are read. InnoDB shows one state in it, from its first moment on.
 * What it does not hold still by itself are definitions: from the first look at a table to the end of the transaction its
 * metadata lock keeps DDL out, and a table that was rebuilt or emptied before that look is refused by InnoDB
 * (ER_TABLE_DEF_CHANGED, a fault of kind 'snapshot-lost').
 */
import type { Begun } from '../sql/database.ts';
import type { Session } from '../sql/session.ts';
import type { MysqlConnection } from './connection.ts';

export const BEGIN: readonly string[] = [
  // What the server found out about a statement is told as the last of its notes and warnings (relations.ts), of which a
  // list of texts that are compared with numbers makes one each.
  'SET SESSION sql_notes = 1, SESSION max_error_count = 4096',
  'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY',
  'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY',
];

/**
 * 'statement': which engines hold the tables is not known here, and MyISAM has no snapshots. Whoever looked at all of them
 * may promise more (versions.ts).
 */
export async function begin(session: Session<MysqlConnection>): Promise<Begun> {
  await session.transact(async (connection) => {
    for (const statement of BEGIN) await connection.query(statement);
  });
  return { consistency: 'statement', details: {} };
}
