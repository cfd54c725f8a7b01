/**
 * One connection of mysql2, so that nobody who asks waits for ever. mysql2 tells a lost connection to the callback of the
 * command under way, or to the connection alone where the command has none, or to nobody where the connection was closed
 * here: everything that waits is kept in one place, and fails at once when the connection is lost, is cut, or takes
 * longer than it may.
 */
import type { Socket } from 'node:net';
import type { Connection, FieldPacket, Query, QueryError } from 'mysql2';
import type { Clock } from '../../ports/clock.ts';
import { CallTimeout } from '../sql/faults.ts';
import { BinaryRows, type RowPacket } from './binary-rows.ts';
import type { MysqlValue } from './bind.ts';
import { columnOf, type MysqlColumn } from './describe.ts';

/** What is known of a server once a session was set up. */
export interface ServerFacts {
  readonly product: 'mariadb' | 'mysql';
  /** As `VERSION()` says it. */
  readonly version: string;
  /** Major and minor, comparable: 10.11 is 1011. */
  readonly number: number;
  /** Tells this server from others behind the same address. */
  readonly identity: string;
}

export interface RowsListener {
  /** Once, before the rows. `rows`: knows how they are read. */
  readonly onColumns: (columns: readonly MysqlColumn[], rows: BinaryRows) => void;
  /** The packet is another row's afterwards, its buffer stays as it is. */
  readonly onRow: (packet: RowPacket) => void;
  /** All rows came (null), or why they did not. Once. */
  readonly onEnd: (error: unknown) => void;
}

export type TextRow = readonly (Uint8Array | null)[];

/** The server's own limits come first; this one is for servers and networks that do not answer. */
const GRACE_MS = 2000;

/** Thrown to those who wait on a connection that is given up here. */
export class ConnectionCut extends Error {
  override readonly name = 'ConnectionCut';
}

interface Opening {
  readonly raw: Connection;
  readonly socket: Socket;
  readonly clock: Clock;
}

/** A command whose rows are made by the parser of these fields; mysql2 looks it up on the command when they came. */
type ParsingCommand = Query & {
  buildParserFromFields: (fields: readonly FieldPacket[]) => new () => { next: (packet: RowPacket) => null };
};

export class MysqlConnection {
  /** Set by setUp. */
  server: ServerFacts | null = null;
  readonly #raw: Connection;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #waiting = new Set<(error: unknown) => void>();
  #lost: unknown = null;
  #limitMs: number | null = null;
  #rowsUnderWay = false;

  static opened(opening: Opening): Promise<MysqlConnection> {
    const connection = new MysqlConnection(opening);
    return connection.#answer<MysqlConnection>((settle) =>
      opening.raw.connect((error) => {
        if (error !== null) connection.destroy(error);
        settle(error, connection);
      }),
    );
  }

  private constructor({ raw, socket, clock }: Opening) {
    this.#raw = raw;
    this.#socket = socket;
    this.#clock = clock;
    // Without a listener an error on an idle connection would end the process.
    raw.on('error', (error: unknown) => this.#lose(error));
    raw.on('end', () => this.#lose(lostConnection()));
    socket.on('close', () => this.#lose(lostConnection()));
  }

  /** The server's number of this connection. */
  get id(): number {
    return this.#raw.threadId;
  }

  get isLost(): boolean {
    return this.#lost !== null;
  }

  /** Whether rows are being received: nothing else can be asked until they ended. */
  get rowsUnderWay(): boolean {
    return this.#rowsUnderWay;
  }

  /** What still comes of rows under way is thrown away, as fast as it comes, so that the server notices that it was killed. */
  discard(): void {
    for (const fail of [...this.#waiting]) fail(new ConnectionCut('interrupted'));
    this.resume();
  }

  /** Of each further answer. */
  limitCalls(ms: number): void {
    this.#limitMs = ms;
  }

  /** A statement without values, answered whole, as the texts that the server writes. */
  query(sql: string): Promise<readonly TextRow[]> {
    return this.#answer((settle) => {
      this.#raw.query({ sql, typeCast: false, rowsAsArray: true }, (error, rows) =>
        settle(error, Array.isArray(rows) ? (rows as unknown as TextRow[]) : []),
      );
    });
  }

  /** Runs a statement. Rows come until they are paused; they do so in the order in which the server has them. */
  execute(sql: string, values: readonly MysqlValue[], listener: RowsListener): void {
    let settled = false;
    const end = (error: unknown): void => {
      if (settled) return;
      settled = true;
      this.#waiting.delete(end);
      this.#rowsUnderWay = false;
      if (this.#lost === null) this.#raw.unprepare(sql);
      listener.onEnd(error);
    };
    if (this.#lost !== null) return end(this.#lost);
    this.#waiting.add(end);
    this.#rowsUnderWay = true;
    let hasRows = false;
    const command = this.#raw.execute({ sql, values: [...values] }) as ParsingCommand;
    command.buildParserFromFields = (fields) => {
      const columns = fields.map(columnOf);
      hasRows = true;
      listener.onColumns(columns, new BinaryRows(columns));
      return receiverClass((packet) => {
        if (!settled) listener.onRow(packet);
      });
    };
    command.on('error', end);
    command.on('end', () => end(hasRows ? null : new TypeError('the statement gave no rows')));
  }

  pause(): void {
    this.#raw.pause();
  }

  resume(): void {
    if (this.#lost === null) this.#raw.resume();
  }

  ping(): Promise<void> {
    return this.#answer((settle) => this.#raw.ping((error) => settle(error)));
  }

  async close(): Promise<void> {
    try {
      await this.#answer<void>((settle) => this.#raw.end((error) => settle(error)));
    } finally {
      this.destroy(new ConnectionCut('closed'));
    }
  }

  /** Cuts the socket. Whoever waits fails at once, with `reason`. */
  destroy(reason: unknown = new ConnectionCut('the connection was cut')): void {
    this.#lose(reason);
    this.#socket.destroy();
    this.#raw.destroy();
  }

  #lose(error: unknown): void {
    this.#lost ??= error;
    for (const fail of [...this.#waiting]) fail(this.#lost);
  }

  #answer<T>(ask: (settle: (error: unknown, value?: T) => void) => void): Promise<T> {
    if (this.#lost !== null) return Promise.reject(this.#lost as Error);
    if (this.#rowsUnderWay) return Promise.reject(new TypeError('a connection was asked while it received rows'));
    return this.inTime(
      new Promise<T>((resolve, reject) => {
        const fail = (error: unknown): void => {
          this.#waiting.delete(fail);
          reject(error as Error);
        };
        this.#waiting.add(fail);
        ask((error, value) => {
          this.#waiting.delete(fail);
          if (error !== null && error !== undefined) reject(error as Error);
          else resolve(value as T);
        });
      }),
    );
  }

  /** What is awaited of this connection, within the limit of a call: after that it is cut. */
  async inTime<T>(work: Promise<T>): Promise<T> {
    if (this.#limitMs === null) return await work;
    const settled = new AbortController();
    const late = this.#clock.sleep(this.#limitMs + GRACE_MS, settled.signal).then(
      () => {
        const timeout = new CallTimeout('the server did not answer in time');
        this.destroy(timeout);
        throw timeout;
      },
      // Settled before.
      () => work,
    );
    try {
      return await Promise.race([work, late]);
    } finally {
      late.catch(() => undefined);
      settled.abort();
    }
  }
}

/** What mysql2 takes for a parser of rows. Whoever gets the packets reads them: mysql2 gets nothing to hand on. */
function receiverClass(onRow: (packet: RowPacket) => void): new () => { next: (packet: RowPacket) => null } {
  return class {
    readonly next = (packet: RowPacket): null => {
      onRow(packet);
      return null;
    };
  };
}

function lostConnection(): QueryError {
  return Object.assign(new Error('the server closed the connection'), {
    code: 'PROTOCOL_CONNECTION_LOST',
    fatal: true,
  });
}
