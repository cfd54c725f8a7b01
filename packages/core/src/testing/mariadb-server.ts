/**
 * A MariaDB server of the tests' own: fresh data in a temporary folder, on a free port of the loopback interface, with
 * TLS, without a care for power failures.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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

/** Debian's PATH for ordinary users has no /usr/sbin, where the server is. */
const FOLDERS = ['/usr/sbin', '/usr/libexec', '/opt/homebrew/opt/mariadb/bin', '/usr/local/opt/mariadb/bin'];
/** The last one is called by the second. */
const PROGRAMS = ['mariadbd', 'mariadb-install-db', 'my_print_defaults'];
const ADMIN = { user: 'parqueue_admin', password: 'admin of a throw-away server' };

export function hasMariadb(): boolean {
  return PROGRAMS.every((name) => findProgram(name, FOLDERS) !== null) && hasOpenssl();
}

export async function startMariadbServer(): Promise<ServerProcess> {
  return await ServerProcess.start({ name: 'mariadb', users: ['mysql', 'nobody'], prepare });
}

/** @throws Error that says what to do where MariaDB is not installed */
async function prepare(place: Place): Promise<PreparedServer> {
  const [program, install] = PROGRAMS.map((name) => findProgram(name, FOLDERS));
  if (typeof program !== 'string' || typeof install !== 'string') {
    throw new Error('MariaDB is not installed: run `npm test`, which says how, or name a server in MYSQL_URL');
  }
  const port = await freePort();
  const { certificate, key, ca } = await throwAwayCertificate(place);
  const [init, settings] = [join(place.folder, 'init.sql'), join(place.folder, 'my.cnf')];
  await writeFile(
    init,
    `CREATE USER IF NOT EXISTS '${ADMIN.user}'@'%' IDENTIFIED BY '${ADMIN.password}';\n`
      + `GRANT ALL ON *.* TO '${ADMIN.user}'@'%' WITH GRANT OPTION;\n`,
  );
  await writeFile(settings, settingsText({ folder: place.folder, port, certificate, key }));
  const defaults = `--defaults-file=${settings}`;
  // Root may only come by the socket, which nobody uses: the admin above is the one who has a password.
  await runTool(install, [defaults, '--auth-root-authentication-method=socket', '--skip-test-db'], place);
  return {
    url: `mysql://${ADMIN.user}:${encodeURIComponent(ADMIN.password)}@127.0.0.1:${port}/`,
    port,
    ca,
    program,
    args: [defaults, `--init-file=${init}`],
    readyWhen: 'ready for connections',
    signal: 'SIGKILL',
  };
}

function settingsText(at: {
  readonly folder: string;
  readonly port: number;
  readonly certificate: string;
  readonly key: string;
}): string {
  return `[mariadbd]
datadir=${at.folder}/data
tmpdir=${at.folder}
socket=${at.folder}/socket
pid-file=${at.folder}/pid
bind-address=127.0.0.1
port=${at.port}
skip-name-resolve
skip-log-bin
max-connections=300
max-allowed-packet=64M
character-set-server=utf8mb4
ssl-cert=${at.certificate}
ssl-key=${at.key}
innodb-buffer-pool-size=64M
innodb-log-file-size=32M
innodb-flush-log-at-trx-commit=2
innodb-doublewrite=0
`;
}
