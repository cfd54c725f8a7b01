/** A database that speaks Oracle's protocol, in a process of its own. Its listener goes and comes back; it is stopped as a whole. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import oracledb from 'oracledb';
import { freePort } from '@parqueue/core/testing/servers';
import { ORACLE_LOGIN, type FromOracle, type ToOracle } from './oracle-messages.ts';
import { programOf } from './program.ts';
import type { Subject } from './subject.ts';
import { OWNERS, rowsOf, type History } from './truth.ts';

/** A writer that meets a server which stands still gives up and tries again. */
const CALL_TIMEOUT_MS = 20_000;

export interface OracleSubject extends Subject {
  stop(): void;
  goOn(): void;
}

export async function oracleSubject(history: History): Promise<OracleSubject> {
  const child = fork(programOf('oracle-process'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [] });
  const port = await freePort();
  const tell = async (message: ToOracle): Promise<number> => {
    const gone = new AbortController();
    const ended = (): void => gone.abort(new Error('the process of the database ended'));
    child.once('exit', ended);
    try {
      const done = once(child, 'message', { signal: gone.signal });
      child.send(message);
      const [{ executions }] = (await done) as [FromOracle];
      return executions;
    } finally {
      child.off('exit', ended);
    }
  };
  await tell({ kind: 'start', port });
  const { user, password, service } = ORACLE_LOGIN;
  const login = { user, password, connectString: `127.0.0.1:${port}/${service}` };
  let connection = await connected(login);
  for (const table of ['items', 'words'])
    await connection.execute(
      `CREATE TABLE ${table} (owner VARCHAR2(10) NOT NULL, id NUMBER(9) NOT NULL, version NUMBER(9) NOT NULL, word VARCHAR2(60)) ROWDEPENDENCIES`,
    );

  return {
    name: 'ora',
    history,
    yaml: `kind: oracle, connectString: "${login.connectString}", user: ${user}, connectTimeout: 60s`,
    password,
    async write(version) {
      const rows = OWNERS.flatMap((owner) => rowsOf(owner, version)).map(({ owner, id, version: of, word }) => [
        owner,
        id,
        of,
        word,
      ]);
      try {
        for (const table of ['items', 'words']) {
          await connection.execute(`DELETE FROM ${table}`);
          await connection.executeMany(`INSERT INTO ${table} (owner, id, version, word) VALUES (:1, :2, :3, :4)`, rows);
        }
        await connection.commit();
      } catch (error) {
        await connection.close().catch(() => undefined);
        connection = await connected(login);
        throw error;
      }
    },
    down: async () => void (await tell({ kind: 'down' })),
    comeBack: async () => void (await tell({ kind: 'start', port })),
    stop: () => void child.kill('SIGSTOP'),
    goOn: () => void child.kill('SIGCONT'),
    executions: async () => await tell({ kind: 'count', fragment: 'words w' }),
    async [Symbol.asyncDispose]() {
      await connection.close().catch(() => undefined);
      await ended(child);
    },
  };
}

async function connected(login: oracledb.ConnectionAttributes): Promise<oracledb.Connection> {
  const connection = await oracledb.getConnection(login);
  connection.callTimeout = CALL_TIMEOUT_MS;
  return connection;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
