/**
 * A PostgreSQL server of the tests' own: a fresh cluster in a temporary folder, on a free port of the loopback
 * interface, with TLS, without a care for power failures.
 */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  findProgram,
  freePort,
  runTool,
  serverFolder,
  serverIdentity,
  ServerProcess,
  throwAwayCertificate,
} from './server-process.ts';

/** Debian keeps the server's programs off the PATH, others name the folder after the version. */
const FOLDERS = [
  '/usr/lib/postgresql/*/bin',
  '/usr/pgsql-*/bin',
  '/opt/homebrew/opt/postgresql/bin',
  '/usr/local/opt/postgresql/bin',
];
const ADMIN = { user: 'parqueue_admin', password: 'admin of a throw-away cluster' };

export class PostgresServer implements AsyncDisposable {
  /** Of a superuser. */
  readonly url: string;
  readonly port: number;
  /** What `tls: verify` has to be given. */
  readonly ca: string;
  readonly #process: ServerProcess;

  private constructor(port: number, ca: string, server: ServerProcess) {
    this.port = port;
    this.ca = ca;
    this.url = `postgresql://${ADMIN.user}:${encodeURIComponent(ADMIN.password)}@127.0.0.1:${port}/postgres`;
    this.#process = server;
  }

  /** @throws Error that says what to do where PostgreSQL is not installed */
  static async start(): Promise<PostgresServer> {
    const [initdb, program] = [findProgram('initdb', FOLDERS), findProgram('postgres', FOLDERS)];
    if (initdb === null || program === null) {
      throw new Error('PostgreSQL is not installed: run `npm test`, which says how, or set PG_URL to a server');
    }
    const identity = serverIdentity(['postgres', 'nobody']);
    const folder = await serverFolder('postgres', identity);
    const data = join(folder, 'data');
    const password = join(folder, 'password');
    await writeFile(password, ADMIN.password);
    const locale = ['-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions'];
    const admin = ['-U', ADMIN.user, '-A', 'scram-sha-256', `--pwfile=${password}`];
    await runTool(initdb, ['-D', data, ...locale, ...admin], { folder, ...identity });
    const { certificate, key, ca } = await throwAwayCertificate(folder, identity);
    const port = await freePort();
    const settings = {
      listen_addresses: '127.0.0.1',
      port,
      unix_socket_directories: '',
      max_connections: 200,
      max_prepared_transactions: 10,
      shared_buffers: '64MB',
      dynamic_shared_memory_type: 'mmap',
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      ssl: 'on',
      ssl_cert_file: certificate,
      ssl_key_file: key,
      ...(hasStatementStatistics(program) ? { shared_preload_libraries: 'pg_stat_statements' } : {}),
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const server = new ServerProcess(folder, identity, {
      program,
      args: ['-D', data, ...args],
      env: {},
      readyWhen: 'database system is ready to accept connections',
      // "Immediate shutdown": unlike SIGKILL it takes the shared memory along.
      signal: 'SIGQUIT',
    });
    await server.start();
    return new PostgresServer(port, ca, server);
  }

  /** Ends it as a crash does; `start` brings it back at the same address. */
  async kill(): Promise<void> {
    await this.#process.kill();
  }

  async start(): Promise<void> {
    await this.#process.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}

/** Part of every distribution's server or contrib package; a cluster without it serves all but the counting tests. */
function hasStatementStatistics(program: string): boolean {
  const prefix = dirname(dirname(program));
  return ['lib', 'lib/postgresql', 'lib64'].some((folder) =>
    ['so', 'dylib'].some((ending) => existsSync(join(prefix, folder, `pg_stat_statements.${ending}`))),
  );
}
