/** Drivers that drop their rows, each in the forms in which its users have it. Connections are kept from one run to the next. */
import { parentPort, workerData } from 'node:worker_threads';
import mysql from 'mysql2';
import pg from 'pg';
import Cursor from 'pg-cursor';
import { serve } from '../row-thread.ts';
import type { Drop, ThreadData, Work } from './work.ts';

/** Faster than 100 and 10,000, and what Parqueue's chunks have. */
const CURSOR_ROWS = 1000;

const { kind, login } = workerData as ThreadData;
const AS_TEXT = { getTypeParser: () => (text: unknown) => text };
const read = kind === 'postgres' ? await openPostgres() : await openMysql();

serve(parentPort, async ({ sql, drop }: Work) => {
  if (drop === null) throw new Error('this thread fills nothing');
  return await read(sql, drop);
});

type Read = (sql: string, drop: Drop) => Promise<number>;

async function openPostgres(): Promise<Read> {
  const client = new pg.Client({ ...login });
  await client.connect();
  return async (sql, { plain }) => {
    const cursor = client.query(new Cursor(sql, [], plain ? { rowMode: 'array', types: AS_TEXT } : {}));
    let rows = 0;
    for (;;) {
      const read = await cursor.read(CURSOR_ROWS);
      if (read.length === 0) break;
      rows += read.length;
    }
    await cursor.close();
    return rows;
  };
}

async function openMysql(): Promise<Read> {
  const connection = mysql.createConnection({ ...login });
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => (error === null ? resolve() : reject(error)));
  });
  return async (sql, { by, plain }) => {
    const options = plain ? { sql, rowsAsArray: true, typeCast: false } : { sql };
    const command = by === 'query' ? connection.query(options) : connection.execute(options);
    return await new Promise<number>((resolve, reject) => {
      let rows = 0;
      command.on('result', () => {
        rows += 1;
      });
      command.on('error', reject);
      command.on('end', () => resolve(rows));
    });
  };
}
