/**
 * A MariaDB server of the tests' own: fresh data in a temporary folder, on a free port of the loopback interface, with
 * TLS, without a care for power failures.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  findProgram,
  freePort,
  runTool,
  serverFolder,
  serverIdentity,
  ServerProcess,
  throwAwayCertificate,
} from './server-process.ts';

/** Debian's PATH for ordinary users has no /usr/sbin, where the server is. */
const FOLDERS = ['/usr/sbin', '/usr/libexec', '/opt/homebrew/opt/mariadb/bin', '/usr/local/opt/mariadb/bin'];
const ADMIN = { user: 'parqueue_admin', password: 'admin of a throw-away server' };

export class MariadbServer implements AsyncDisposable {
  /** Of a user with all rights. */
  readonly url: string;
  readonly port: number;
  /** What `tls: verify` has to be given. */
  readonly ca: string;
  readonly #process: ServerProcess;

  private constructor(port: number, ca: string, server: ServerProcess) {
    this.port = port;
    this.ca = ca;
    this.url = `mysql://${ADMIN.user}:${encodeURIComponent(ADMIN.password)}@127.0.0.1:${port}/`;
    this.#process = server;
  }

  /** @throws Error that says what to do where MariaDB is not installed */
  static async start(): Promise<MariadbServer> {
    const [install, program] = [findProgram('mariadb-install-db', FOLDERS), findProgram('mariadbd', FOLDERS)];
    if (install === null || program === null) {
      throw new Error('MariaDB is not installed: run `npm test`, which says how, or set MYSQL_URL to a server');
    }
    const identity = serverIdentity(['mysql', 'postgres', 'nobody']);
    const folder = await serverFolder('mariadb', identity);
    const port = await freePort();
    const { certificate, key, ca } = await throwAwayCertificate(folder, identity);
    const init = join(folder, 'init.sql');
    await writeFile(
      init,
      `CREATE USER IF NOT EXISTS '${ADMIN.user}'@'%' IDENTIFIED BY '${ADMIN.password}';\n`
        + `GRANT ALL ON *.* TO '${ADMIN.user}'@'%' WITH GRANT OPTION;\n`,
    );
    const settings = join(folder, 'my.cnf');
    await writeFile(settings, settingsText({ folder, port, certificate, key }));
    const defaults = `--defaults-file=${settings}`;
    // Root may only come by the socket, which nobody uses: the admin above is the one who has a password.
    const root = ['--auth-root-authentication-method=socket', '--skip-test-db'];
    await runTool(install, [defaults, ...root], { folder, ...identity });
    const server = new ServerProcess(folder, identity, {
      program,
      args: [defaults, `--init-file=${init}`],
      env: {},
      readyWhen: 'ready for connections',
      signal: 'SIGKILL',
    });
    await server.start();
    return new MariadbServer(port, ca, server);
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
innodb-flush-log-at-trx-commit=0
innodb-doublewrite=0
`;
}
