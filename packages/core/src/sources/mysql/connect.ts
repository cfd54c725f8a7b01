/**
 * How this source's connections are made: mysql2 with every option given explicitly. No several statements in one call,
 * no LOAD DATA LOCAL (a server could ask for any file of this host), no password in clear text.
 */
import { connect as connectSocket, type Socket } from 'node:net';
import mysql from 'mysql2';
import { ParqueueError } from '../../model/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { tlsContext, type TlsOptions } from '../sql/tls.ts';
import { MysqlConnection } from './connection.ts';

/** The parts of the source's configuration that connecting needs. */
export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Secret. */
  readonly password: string;
  /** The database that unqualified names mean. */
  readonly schema: string;
  readonly tls: TlsOptions;
  readonly session: Readonly<Record<string, string>>;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
}

/** A sign of life for firewalls that forget silent connections. */
const KEEP_ALIVE_MS = 30_000;

/** Statements are closed after their use; this bounds those of small questions. */
const STATEMENTS_KEPT = 16;

/** Not among them: LOCAL_FILES, which lets a server read files here, and IGNORE_SPACE, which changes sql_mode. */
const FLAGS = ['-LOCAL_FILES', '-IGNORE_SPACE', '-MULTI_STATEMENTS', '-FOUND_ROWS', '-ODBC'];

export async function connectTo(
  options: ConnectOptions,
  timeoutMs = options.connectTimeoutMs,
): Promise<MysqlConnection> {
  const tls = await tlsContext(options.tls);
  const socket = connectSocket({ host: options.host, port: options.port, noDelay: true });
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  nameForCertificate(socket, options.host);
  const raw = mysql.createConnection({
    stream: socket,
    // For the names in its errors and in TLS; the socket is ours, so that it can be cut.
    host: options.host,
    port: options.port,
    user: options.user,
    password: options.password,
    database: options.schema,
    connectTimeout: timeoutMs,
    charset: 'UTF8MB4_BIN',
    flags: FLAGS,
    multipleStatements: false,
    infileStreamFactory: refuseFile,
    enableCleartextPlugin: false,
    maxPreparedStatements: STATEMENTS_KEPT,
    rowsAsArray: true,
    namedPlaceholders: false,
    compress: false,
    connectAttributes: { program_name: 'parqueue' },
    // In mysql2 the name of the host is checked only where that is said.
    ...(tls === null ? {} : { ssl: { ...tls, verifyIdentity: tls.rejectUnauthorized } }),
  });
  return await MysqlConnection.opened({ raw, socket, clock: options.clock });
}

/**
 * mysql2 names no host to TLS where that is an address; Node then takes the socket's, and "localhost" where that has
 * none either (lib/_tls_wrap.js, onConnectSecure). A certificate for localhost must not do for an address.
 */
function nameForCertificate(socket: Socket, host: string): void {
  Object.assign(socket, { _host: host });
}

function refuseFile(): never {
  throw new ParqueueError('PQ_SOURCE_REJECTED', 'the server asked for a file of this host, which it does not get');
}
