/** How this source's connections are made: every parameter given, so that no PG* variable of the environment has a say. */
import { Client, type ClientConfig } from 'pg';
import { ParqueueError } from '../../model/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { tlsContext, type TlsOptions } from '../sql/tls.ts';
import { requestCancel } from './cancel.ts';
import { PostgresConnection } from './connection.ts';
import { FramedConnection } from './frames.ts';

/** The parts of the source's configuration that connecting needs. */
export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Secret. */
  readonly password: string;
  /** In the catalogue's spelling. */
  readonly schema: string;
  /** Names in lower case. */
  readonly session: Readonly<Record<string, string>>;
  readonly tls: TlsOptions;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
}

/** A sign of life for firewalls that forget silent connections. */
const KEEP_ALIVE_MS = 60_000;

/** An interrupt may take no longer, or nobody would wait for its end. */
const CANCEL_MS = 2000;

export async function connectTo(options: ConnectOptions): Promise<PostgresConnection> {
  const { host, port, database, user, password, connectTimeoutMs, clock } = options;
  for (const text of [host, database, user, password]) {
    if (text.includes('\0')) throw new ParqueueError('PQ_CONFIG', 'a source cannot be reached with a zero byte in it');
  }
  const tls = await tlsContext(options.tls);
  const wire = new FramedConnection({ ssl: tls ?? false, keepAlive: true, keepAliveInitialDelayMillis: KEEP_ALIVE_MS });
  const config: ClientConfig & { readonly connection: unknown } = {
    host,
    port,
    database,
    user,
    // As a function it is used even if empty; otherwise pg would look for another one, in the environment or in a file.
    password: () => password,
    ssl: tls ?? false,
    sslnegotiation: 'postgres',
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: 'parqueue',
    connection: wire,
  };
  const client = new Client(config);
  forgetEnvironment(client);
  const connection = new PostgresConnection({
    client,
    wire,
    clock,
    cancel: async ({ secret }) => {
      const { remoteAddress, remotePort } = wire.stream;
      if (remoteAddress === undefined) throw new Error('the connection is lost');
      await requestCancel({
        address: remoteAddress,
        port: remotePort ?? port,
        tls: tls === null ? null : { ...tls, host, ...(isName(host) ? { servername: host } : {}) },
        timeoutMs: CANCEL_MS,
        ...secret,
      });
    },
  });
  try {
    await client.connect();
    return connection;
  } catch (error) {
    // pg leaves the socket to the server, which may not close it.
    connection.destroy();
    throw error;
  }
}

/**
 * pg looks up what it was not given, and takes an empty text for nothing. These are neither wanted nor of use as blanks:
 * poolers between us and the server refuse to start a session with them.
 */
function forgetEnvironment(client: Client): void {
  const parameters: unknown = Reflect.get(client, 'connectionParameters');
  if (typeof parameters !== 'object' || parameters === null) throw new Error('pg keeps its parameters elsewhere');
  for (const name of ['options', 'replication']) Reflect.set(parameters, name, undefined);
}

/** Addresses are not told to the server as a name (RFC 6066, section 3). */
function isName(host: string): boolean {
  return !/^[0-9.]+$|:/.test(host);
}
