/** The server's own count of what it ran, as a DBA would ask for it: V$SQL. It is the proof that nobody here can fake. */
import type { OracleWriter } from './writer.ts';

/**
 * Executions of all statements whose text holds `fragment` (no quotes in it), questions to V$SQL itself left out.
 * Exact on the test server; a real database ages statements out of V$SQL when its shared pool is short.
 */
export async function countExecutions(writer: OracleWriter, fragment: string): Promise<number> {
  return await writer.number(
    `SELECT NVL(SUM(EXECUTIONS), 0) FROM V$SQL WHERE SQL_TEXT LIKE '%${fragment}%' AND SQL_TEXT NOT LIKE '%V$SQL%'`,
  );
}
