/** PostgreSQL, a server of the swarm's own. It crashes, and keeps what was committed. */
import { startPostgresServer } from '@parqueue/core/testing/servers';
import pg from 'pg';
import type { Subject } from './subject.ts';
import { OWNERS, rowsOf, type History } from './truth.ts';

const PASSWORD = 'of a throw-away database';

export async function postgresSubject(history: History): Promise<Subject> {
  const server = await startPostgresServer();
  const admin = await connected(server.url);
  for (const statement of [
    `CREATE ROLE chaos LOGIN PASSWORD '${PASSWORD}'`,
    'GRANT chaos TO CURRENT_USER',
    'CREATE DATABASE chaos OWNER chaos',
  ])
    await admin.query(statement);
  await admin.end();
  const url = new URL(server.url);
  url.username = 'chaos';
  url.password = encodeURIComponent(PASSWORD);
  url.pathname = '/chaos';
  let client = await connected(url.href);
  for (const table of ['items', 'words'])
    await client.query(`CREATE TABLE ${table} (owner text NOT NULL, id int NOT NULL, version int NOT NULL, word text)`);

  return {
    name: 'pg',
    history,
    yaml: `kind: postgres, connectString: "postgresql://127.0.0.1:${server.port}/chaos", user: chaos, connectTimeout: 60s`,
    password: PASSWORD,
    async write(version) {
      const rows = JSON.stringify(OWNERS.flatMap((owner) => rowsOf(owner, version)));
      const insert = (table: string): string =>
        `INSERT INTO ${table} SELECT owner, id, version, word FROM json_to_recordset($1) AS told(owner text, id int, version int, word text)`;
      try {
        await client.query('BEGIN');
        await client.query('DELETE FROM items');
        await client.query(insert('items'), [rows]);
        await client.query('DELETE FROM words');
        await client.query(insert('words'), [rows]);
        await client.query('COMMIT');
      } catch (error) {
        await client.end().catch(() => undefined);
        client = await connected(url.href);
        throw error;
      }
    },
    down: async () => await server.kill(),
    comeBack: async () => await server.start(),
    executions: async () => await Promise.resolve(null),
    async [Symbol.asyncDispose]() {
      await client.end().catch(() => undefined);
      await server[Symbol.asyncDispose]();
    },
  };
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  // It is killed on purpose; the statement that was running says so.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
