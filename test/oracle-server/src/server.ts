/** The listener: accepts sockets, gives each a session, and knows them all. The engine belongs to the caller. */
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { Users } from './auth/users.ts';
import type { VerifierKind } from './auth/verifiers.ts';
import { Counters } from './counters.ts';
import type { Engine } from './engine.ts';
import { Session } from './session/session.ts';

export interface OracleServerOptions {
  readonly engine: Engine;
  /** Names, upper case unless quoted, and passwords. */
  readonly users: Readonly<Record<string, string>>;
  /** The service name; also accepted as SID. */
  readonly service: string;
  readonly host?: string;
  /** 0, the default, takes any free one. */
  readonly port?: number;
  /** Largest packet; a client may ask for less. */
  readonly sdu?: number;
  readonly verifier?: VerifierKind;
  /** Leaves out values equal to the row above, as a real server does. */
  readonly bitVectors?: boolean;
  /** Bytes per TCP segment, in both directions; for tests. */
  readonly segmentBytes?: number;
  readonly openCursorsMax?: number;
  /** Told of mistakes of the server or the engine. By default they are written to stderr. */
  readonly onDefect?: (error: unknown) => void;
}

export interface SessionInfo {
  readonly id: number;
  /** Null until logged on. */
  readonly user: string | null;
  readonly program: string;
  /** Module, action, client identifier, as the client told them. */
  readonly identity: ReadonlyMap<string, string>;
}

export interface OracleServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** `host:port/service`. */
  readonly connectString: string;
  readonly counters: Counters;
  sessions(): readonly SessionInfo[];
  /** Drops the sockets of all sessions, or of those that match; resolves when what they held is given back. */
  killSessions(which?: (session: SessionInfo) => boolean): Promise<number>;
  /** Resolves when no session holds anything any more. */
  close(): Promise<void>;
}

const SDU_DEFAULT = 2_097_152;
const OPEN_CURSORS_DEFAULT = 1000;

export async function startOracleServer(options: OracleServerOptions): Promise<OracleServer> {
  const counters = new Counters();
  const sessions = new Set<Session>();
  const users = new Users(options.verifier ?? '12c', options.users);
  const onDefect = (error: unknown): void => {
    counters.defects += 1;
    (options.onDefect ?? toStderr)(error);
  };
  const listener = createServer({ keepAlive: true }, (socket) => {
    void serve(socket);
  });

  async function serve(socket: Socket): Promise<void> {
    counters.sessionsTotal += 1;
    counters.sessionsNow += 1;
    const session = new Session(socket, {
      id: counters.sessionsTotal,
      engine: options.engine,
      users,
      service: options.service,
      sdu: options.sdu ?? SDU_DEFAULT,
      bitVectors: options.bitVectors ?? false,
      segmentBytes: options.segmentBytes ?? null,
      openCursorsMax: options.openCursorsMax ?? OPEN_CURSORS_DEFAULT,
      gauges: counters,
      executed: (sql) => counters.executed(sql),
      onDefect,
    });
    sessions.add(session);
    await session.done;
    sessions.delete(session);
    counters.sessionsNow -= 1;
  }

  const killSessions = async (which: (session: SessionInfo) => boolean = () => true): Promise<number> => {
    const chosen = [...sessions].filter(which);
    for (const session of chosen) session.kill();
    await Promise.all(chosen.map(({ done }) => done));
    return chosen.length;
  };
  const host = options.host ?? '127.0.0.1';
  const port = await listen(listener, { host, port: options.port ?? 0 });
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      const closed = new Promise<void>((resolve) => listener.close(() => resolve()));
      await killSessions();
      await closed;
    })();
    return closing;
  };
  return {
    host,
    port,
    connectString: `${host}:${port}/${options.service}`,
    counters,
    sessions: () => [...sessions].map(({ id, user, program, identity }) => ({ id, user, program, identity })),
    killSessions,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function listen(
  listener: ReturnType<typeof createServer>,
  at: { readonly host: string; readonly port: number },
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(at, () => resolve());
  });
  return (listener.address() as AddressInfo).port;
}

function toStderr(error: unknown): void {
  process.stderr.write(`oracle-server: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}
