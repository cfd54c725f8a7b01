/** MariaDB for the end-to-end suites: counts by the general log, sessions by the list of processes. */
import { openMysqlTestDatabase } from '@parqueue/core/testing/databases';
import { hasMariadb, startMariadbServer } from '@parqueue/core/testing/servers';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { SqlSubject, SubjectDatabase, SubjectOptions } from './sql-subject.ts';

const GATE = 'parqueue_gate';

export const MYSQL: SqlSubject = {
  kind: 'mysql',
  product: 'MariaDB',
  tracks: 'table-checksum',
  mayOwn: hasMariadb(),
  open,
  foldsCase: false,
  wrongPassword: /Access denied/,
  versionQuery: (table) => `SELECT COUNT(*),SUM(%\`${table}\``,
  row: `cast(seq as signed) as id, cast(seq % 1000003 as int) as small, cast(seq % 100000 / 100 as decimal(12,2)) as amount,
    timestamp'2026-01-01 00:00:00' + interval seq % 86400 second as at, sqrt(seq) as root,
    concat('a customer of some renown, number ', seq) as name, repeat('x', 32) as filler`,
  series: (rows) => `seq_1_to_${rows} as series`,
};

async function open({ own = false }: SubjectOptions = {}): Promise<SubjectDatabase> {
  const server = own ? await startMariadbServer() : null;
  const db = await openMysqlTestDatabase(server === null ? {} : { server });
  const { admin, user } = db;
  // The tests write as the administrator, so that whoever logs on as the user is a worker; but for the fixture itself.
  const [[fixture]] = (await db.query('SELECT connection_id()')) as [[string]];
  const [[logging]] = await admin.query<RowDataPacket[]>('SELECT @@general_log AS log, @@log_output AS output');
  await admin.query("SET GLOBAL log_output = 'TABLE', GLOBAL general_log = 1");
  // In a function of its own: a statement that names GET_LOCK itself is refused, since nothing gives that lock back.
  await db.execute(
    `CREATE FUNCTION gate() RETURNS INT RETURN nullif(get_lock('${GATE}', 600) + release_lock('${GATE}'), 2)`,
  );
  let gateKeeper: Connection | null = null;

  const asAdmin = async (): Promise<Connection> => await db.connect(db.administrator);
  const withClient = async <Result>(use: (client: Connection) => Promise<Result>): Promise<Result> => {
    const client = await asAdmin();
    try {
      return await use(client);
    } finally {
      await client.end();
    }
  };
  const rowsOf = async (sql: string, values: readonly string[]): Promise<RowDataPacket[]> => {
    const [rows] = await admin.query<RowDataPacket[]>({ sql, values: [...values] });
    return rows;
  };
  const processes = `FROM information_schema.processlist WHERE user = ? AND id <> ${fixture}`;
  return {
    settings: ['kind: mysql', `connectString: "${db.connectString}"`, `user: ${user}`],
    password: db.password,
    label: (table) => `${db.database}.${table}`,
    async commit(...statements) {
      await withClient(async (client) => {
        await client.query('START TRANSACTION');
        for (const statement of statements) await client.query(statement);
        await client.query('COMMIT');
      });
    },
    async rolledBack(statement, look) {
      await withClient(async (client) => {
        await client.query('START TRANSACTION');
        await client.query(statement);
        await look();
        await client.query('ROLLBACK');
      });
    },
    async executions(fragment) {
      const rows = await rowsOf(
        `SELECT count(*) AS n FROM mysql.general_log WHERE user_host LIKE ? AND command_type IN ('Query', 'Execute')
         AND convert(argument USING utf8mb4) LIKE ? AND convert(argument USING utf8mb4) NOT LIKE 'EXPLAIN%'`,
        [`${user}[%`, `%${fragment}%`],
      );
      return Number(rows[0]?.['n']);
    },
    async running(fragment) {
      return (await rowsOf(`SELECT id ${processes} AND info LIKE ?`, [user, `%${fragment}%`])).length;
    },
    sessions: async () => (await rowsOf(`SELECT id ${processes}`, [user])).length,
    async killSessions() {
      const rows = await rowsOf(`SELECT id ${processes}`, [user]);
      for (const { id } of rows) await admin.query(`KILL ${id}`);
      return rows.length;
    },
    gate: 'gate()',
    async closeGate() {
      gateKeeper = await asAdmin();
      await gateKeeper.query(`SELECT get_lock('${GATE}', 60)`);
    },
    async openGate() {
      await gateKeeper?.end();
      gateKeeper = null;
    },
    async down() {
      await server?.kill();
    },
    async comeBack() {
      await server?.start();
    },
    async [Symbol.asyncDispose]() {
      if (server === null) {
        await admin.query(`SET GLOBAL general_log = ${logging?.['log']}, GLOBAL log_output = '${logging?.['output']}'`);
      }
      await db[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    },
  };
}
