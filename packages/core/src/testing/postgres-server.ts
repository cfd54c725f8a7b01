/**
 * A PostgreSQL server of the tests' own: a fresh cluster in a temporary folder, on a free port of the loopback
 * interface, with TLS, without a care for power failures.
 */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { freePort } from './free-port.ts';
import {
  findProgram,
  hasOpenssl,
  runTool,
  ServerProcess,
  throwAwayCertificate,
  type Place,
  type PreparedServer,
} from './server-process.ts';

/** Debian keeps the server's programs off the PATH, others name the folder after the version. */
const FOLDERS = [
  '/usr/lib/postgresql/*/bin',
  '/usr/pgsql-*/bin',
  '/opt/homebrew/opt/postgresql@*/bin',
  '/usr/local/opt/postgresql@*/bin',
];
const ADMIN = { user: 'parqueue_admin', password: 'admin of a throw-away cluster' };

export function hasPostgres(): boolean {
  return ['initdb', 'postgres'].every((name) => findProgram(name, FOLDERS) !== null) && hasOpenssl();
}

export async function startPostgresServer(): Promise<ServerProcess> {
  return await ServerProcess.start({ name: 'postgres', users: ['postgres', 'nobody'], prepare });
}

/** @throws Error that says what to do where PostgreSQL is not installed */
async function prepare(place: Place): Promise<PreparedServer> {
  const [initdb, program] = [findProgram('initdb', FOLDERS), findProgram('postgres', FOLDERS)];
  if (initdb === null || program === null) {
    throw new Error('PostgreSQL is not installed: run `npm test`, which says how, or name a server in PG_URL');
  }
  const data = join(place.folder, 'data');
  const password = join(place.folder, 'password');
  await writeFile(password, ADMIN.password);
  const admin = ['-U', ADMIN.user, '-A', 'scram-sha-256', `--pwfile=${password}`];
  await runTool(initdb, ['-D', data, '-E', 'UTF8', '--locale=C', '--no-sync', ...admin], place);
  const { certificate, key, ca } = await throwAwayCertificate(place);
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
    full_page_writes: 'off',
    ssl: 'on',
    ssl_cert_file: certificate,
    ssl_key_file: key,
    ...(hasStatementStatistics(program) ? { shared_preload_libraries: 'pg_stat_statements' } : {}),
  };
  return {
    url: `postgresql://${ADMIN.user}:${encodeURIComponent(ADMIN.password)}@127.0.0.1:${port}/postgres`,
    port,
    ca,
    program,
    args: ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    readyWhen: 'database system is ready to accept connections',
    // "Immediate shutdown": unlike SIGKILL it takes the shared memory along.
    signal: 'SIGQUIT',
  };
}

/** Part of every distribution's server or contrib package; a cluster without it serves all but the counting tests. */
function hasStatementStatistics(program: string): boolean {
  const prefix = dirname(dirname(program));
  return ['lib', 'lib/postgresql', 'lib64'].some((folder) =>
    ['so', 'dylib'].some((ending) => existsSync(join(prefix, folder, `pg_stat_statements.${ending}`))),
  );
}
