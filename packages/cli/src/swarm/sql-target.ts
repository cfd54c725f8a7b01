/**
 * Two joined tables that a writer process changes in one transaction, asked for as one statement. Every row of a sound
 * answer has the same revision from both tables: a version that looked at one table only, or a load that saw the tables
 * at two moments, shows. The tables are made at the start and dropped at the end.
 */
import type { Context } from '../context.ts';
import { UsageError } from '../exit.ts';
import { findOracleTools, findOracleWriter } from '../oracle/clone.ts';
import { parseConnection, type OracleConnection } from '../oracle/connection.ts';
import { countExecutions } from '../oracle/executions.ts';
import { startOracleTestServer } from '../oracle/test-server.ts';
import { OracleWriter, StatementRefused } from '../oracle/writer.ts';
import { nowNs } from './messages.ts';
import { startOwnStack } from './own-stack.ts';
import type { SwarmSize, SwarmTarget } from './run.ts';

export interface SqlSwarmOptions extends SwarmSize {
  readonly workers: number;
  readonly url?: string;
  readonly key?: string;
  /** The Oracle source of the server at `url`; it must allow ad-hoc statements. */
  readonly source?: string;
  /** A real database; true: the one that ORACLE_TEST_URL names. */
  readonly connect?: string | true;
}

const GROUPS = 16;
const PASSWORD_ENV = 'PARQUEUE_SWARM_ORACLE_PASSWORD';
/** Kept by databases and by Parqueue as it is: the name by which V$SQL is asked. */
const HINT = '/*+ pq_swarm */';
const STATEMENT =
  `select ${HINT} i.id as id, i.revision as revision, g.revision as group_revision `
  + 'from pq_swarm_items i join pq_swarm_groups g on g.id = i.group_id';
const TABLES = ['pq_swarm_items', 'pq_swarm_groups'] as const;

/** Things that were opened, ended in reverse order. */
type Ending = () => Promise<void>;

export async function openSqlTarget(context: Context, options: SqlSwarmOptions): Promise<SwarmTarget> {
  const endings: Ending[] = [];
  const stop = async (): Promise<void> => {
    for (const end of endings.splice(0).toReversed()) await end();
  };
  try {
    const { connection, script } = await openDatabase(context, options, endings);
    const writer = new OracleWriter(context, script, connection);
    endings.push(async () => await writer.stop());
    await makeTables(writer, options.rows);
    endings.push(async () => await dropTables(writer));
    const server = await openServer(context, { options, connection, endings });
    return {
      ...server,
      apiKey: options.key ?? null,
      shape: { rows: options.rows, id: 'ID', revisions: ['REVISION', 'GROUP_REVISION'] },
      change: async (revision, delayMs) => {
        await context.clock.sleep(delayMs);
        const beganNs = nowNs();
        await writer.commit(...TABLES.map((table) => `UPDATE ${table} SET revision = ${revision}`));
        return { revision, rows: options.rows, beganNs, completedNs: nowNs() };
      },
      counts: async () => ({ loads: await server.loads(), executions: await executionsOf(context, writer) }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function openDatabase(
  context: Context,
  { connect }: SqlSwarmOptions,
  endings: Ending[],
): Promise<{ readonly connection: OracleConnection; readonly script: string }> {
  if (connect !== undefined) {
    const text = connect === true ? context.env['ORACLE_TEST_URL'] : connect;
    const script = findOracleWriter();
    if (script === null) throw new UsageError('swarm sql writes by infra/oracle/writer.mjs: run it from a clone');
    return { connection: parseConnection(text ?? ''), script };
  }
  const tools = findOracleTools();
  if (tools === null) {
    throw new UsageError(
      'swarm sql runs over the protocol test server of a built clone of the repository: run it there (`npm run build`)',
    );
  }
  const server = await startOracleTestServer(context, tools.server);
  endings.push(async () => await server.stop());
  context.err(`${server.connection.connectString}: the repository's protocol test server, no Oracle Database`);
  return { connection: server.connection, script: tools.writer };
}

interface ServerPlan {
  readonly options: SqlSwarmOptions;
  readonly connection: OracleConnection;
  readonly endings: Ending[];
}

type Server = Pick<SwarmTarget, 'url' | 'question' | 'freshness'> & { loads: () => Promise<Loads> };
type Loads = Awaited<ReturnType<SwarmTarget['counts']>>['loads'];

async function openServer(context: Context, { options, connection, endings }: ServerPlan): Promise<Server> {
  const { url, source, connect, workers } = options;
  if (url !== undefined) {
    if (source === undefined || connect === undefined)
      throw new UsageError('--url also needs --source NAME and --connect, the database that source reads');
    // A source may allow age for ad-hoc statements; a swarm wants none.
    return {
      url,
      question: { source, sql: STATEMENT },
      freshness: { maxAge: 0 },
      loads: async () => await Promise.resolve(null),
    };
  }
  const { connectString, user, password } = connection;
  const stack = await startOwnStack(context, {
    workers,
    sources: `  db: { kind: oracle, connectString: ${JSON.stringify(connectString)}, user: ${JSON.stringify(user)}, password: "\${${PASSWORD_ENV}}" }`,
    datasets: `  swarm: { source: db, sql: ${JSON.stringify(STATEMENT)} }`,
    env: { [PASSWORD_ENV]: password },
  });
  endings.push(async () => await stack.stop());
  return { url: stack.url, question: { dataset: 'swarm' }, freshness: {}, loads: async () => await stack.loads() };
}

async function makeTables(writer: OracleWriter, rows: number): Promise<void> {
  await dropTables(writer);
  await writer.commit(
    'CREATE TABLE pq_swarm_groups (id NUMBER(4) NOT NULL PRIMARY KEY, revision NUMBER(9) NOT NULL) ROWDEPENDENCIES',
  );
  await writer.commit(
    'CREATE TABLE pq_swarm_items (id NUMBER(9) NOT NULL PRIMARY KEY, group_id NUMBER(4) NOT NULL, revision NUMBER(9) NOT NULL) ROWDEPENDENCIES',
  );
  await writer.commit(
    `INSERT INTO pq_swarm_groups (id, revision) SELECT LEVEL - 1, 0 FROM dual CONNECT BY LEVEL <= ${GROUPS}`,
    `INSERT INTO pq_swarm_items (id, group_id, revision) SELECT LEVEL - 1, MOD(LEVEL, ${GROUPS}), 0 FROM dual CONNECT BY LEVEL <= ${rows}`,
  );
}

async function dropTables(writer: OracleWriter): Promise<void> {
  for (const table of TABLES) {
    try {
      await writer.commit(`DROP TABLE ${table}`);
    } catch (error) {
      // ORA-00942: there is none.
      if (!(error instanceof StatementRefused && error.message.startsWith('ORA-00942'))) throw error;
    }
  }
}

/** null where the user may not read V$SQL. */
async function executionsOf(context: Context, writer: OracleWriter): Promise<number | null> {
  try {
    return await countExecutions(writer, HINT);
  } catch (error) {
    if (!(error instanceof StatementRefused)) throw error;
    context.err(`executions are not counted: V$SQL cannot be read (${error.message})`);
    return null;
  }
}
