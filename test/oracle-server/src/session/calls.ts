/**
 * What a logged-on client may ask: run, run again, fetch, read LOBs, end transactions. One call at a time; each writes
 * its reply piece by piece and ends it with exactly one error block or status.
 */
import { OraError } from '../engine.ts';
import type { Bind, EngineSession, Value } from '../engine.ts';
import { NO_DATA_FOUND, OPTION, REEXECUTE_COMMIT } from '../ttc/codes.ts';
import { writeLobReply } from '../ttc/lobs.ts';
import type { LobRequest, Lobs } from '../ttc/lobs.ts';
import { writeDescribe, writeEnding, writeRowCounts, writeStatus, writeVersion } from '../ttc/replies.ts';
import type { ExecuteRequest, FetchRequest, ReexecuteRequest } from '../ttc/requests.ts';
import { RowWriter } from '../ttc/rows.ts';
import { needsDefine } from '../ttc/types.ts';
import { valueWriter } from '../ttc/values.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { dropRows, sameColumns } from './cursors.ts';
import type { Cursor, Cursors } from './cursors.ts';

/** Sent when there is so much, so that a long reply never waits in memory as a whole. */
const PIECE_BYTES = 64 * 1024;

/** Most rows taken from the engine at once, whatever the client asked for. */
const ROWS_AT_ONCE_MAX = 1000;

export interface CallContext {
  readonly engine: EngineSession;
  readonly cursors: Cursors;
  readonly lobs: Lobs;
  readonly bitVectors: boolean;
  /** Scales of described columns are integers instead of bytes. */
  readonly wideScales: boolean;
  readonly send: (stream: Uint8Array) => Promise<void>;
  /** Throws when the call was broken off or the client is gone. */
  readonly check: () => void;
  readonly executed: (sql: string) => void;
  /** Of the call that is being answered. */
  readonly callNumber: () => number;
}

export class Calls {
  readonly #context: CallContext;
  #writer = new ByteWriter();
  #engineCalls = 0;

  constructor(context: CallContext) {
    this.#context = context;
  }

  /** Something runs in the engine that an interruption would end. */
  get engineIsBusy(): boolean {
    return this.#engineCalls > 0;
  }

  /** A cursor that this very call opened is gone again if the call fails: the client never learnt its number. */
  async execute(request: ExecuteRequest, rows: readonly (readonly Bind[])[]): Promise<void> {
    const cursor = this.#cursorOf(request);
    try {
      await this.#executeOn(cursor, request, rows);
    } catch (error) {
      if (request.cursor === 0) await this.close(cursor.id);
      throw error;
    }
  }

  async reexecute(
    request: ReexecuteRequest,
    how: { readonly rows: readonly (readonly Bind[])[]; readonly fetch: boolean },
  ): Promise<void> {
    const cursor = this.#context.cursors.get(request.cursor);
    const { changed } = await this.#parse(cursor);
    const count = sum(await this.#run(cursor, how.rows));
    if ((request.flags & REEXECUTE_COMMIT) !== 0) await this.#inEngine((engine) => engine.commit());
    if (changed && cursor.rows !== null)
      writeDescribe(this.#writer, cursor.statement?.columns ?? [], this.#context.wideScales);
    await this.#finish(cursor, { count, wanted: how.fetch && !awaitsDefine(cursor) ? request.iterations : 0 });
  }

  async fetch({ cursor: id, rowsWanted }: FetchRequest): Promise<void> {
    const cursor = this.#context.cursors.get(id);
    if (cursor.rows === null) throw new OraError(1002, 'fetch out of sequence');
    await this.#finish(cursor, { count: 0, wanted: rowsWanted });
  }

  async lob(request: LobRequest): Promise<void> {
    writeLobReply(this.#writer, request, this.#context.lobs);
    writeEnding(this.#writer, { call: this.#context.callNumber(), inTransaction: this.#context.engine.inTransaction });
    await this.#flush();
  }

  async commit(): Promise<void> {
    await this.#inEngine((engine) => engine.commit());
    await this.status();
  }

  async rollback(): Promise<void> {
    await this.#inEngine((engine) => engine.rollback());
    await this.status();
  }

  async status(): Promise<void> {
    writeStatus(this.#writer, this.#context.engine.inTransaction);
    await this.#flush();
  }

  /** Banner and number of the release. */
  async version(): Promise<void> {
    writeVersion(this.#writer);
    return this.status();
  }

  /** Ends a call that failed; what it wrote before and did not send is part of no reply. */
  async fail(error: OraError, cursor: number): Promise<void> {
    this.#writer = new ByteWriter();
    writeEnding(this.#writer, {
      call: this.#context.callNumber(),
      inTransaction: this.#context.engine.inTransaction,
      cursor,
      error,
    });
    await this.#flush();
  }

  /** Forgets what a broken-off call has written. */
  discard(): void {
    this.#writer = new ByteWriter();
  }

  async close(id: number): Promise<void> {
    this.#context.lobs.freeCursor(id);
    await this.#context.cursors.close(id);
  }

  #cursorOf({ cursor: id, sql }: ExecuteRequest): Cursor {
    if (id === 0) return this.#context.cursors.open(sql ?? '');
    const cursor = this.#context.cursors.get(id);
    if (sql !== null) cursor.sql = sql;
    return cursor;
  }

  async #executeOn(cursor: Cursor, request: ExecuteRequest, rows: readonly (readonly Bind[])[]): Promise<void> {
    const asked = (option: number): boolean => (request.options & option) !== 0;
    if (asked(OPTION.define)) {
      cursor.defines = request.defines;
      cursor.writers = null;
    } else {
      cursor.binds = request.binds;
      cursor.plsql = asked(OPTION.plsqlBind);
    }
    const running = asked(OPTION.execute);
    let describing = asked(OPTION.describe);
    let counts: readonly number[] = [];
    if (running || asked(OPTION.parse) || describing) {
      const { changed } = await this.#parse(cursor);
      // A client that sends the text again has forgotten the columns.
      describing ||= (changed || request.sql !== null) && cursor.statement?.kind === 'query';
    }
    if (running) counts = await this.#run(cursor, rows);
    if (running && asked(OPTION.commit)) await this.#inEngine((engine) => engine.commit());
    if (describing) writeDescribe(this.#writer, cursor.statement?.columns ?? [], this.#context.wideScales);
    if (request.rowCounts && cursor.statement?.kind === 'dml') writeRowCounts(this.#writer, cursor.id, counts);
    await this.#finish(cursor, { count: sum(counts), wanted: awaitsDefine(cursor) ? 0 : request.rowsWanted });
  }

  /** Again before each run: a table may have got another shape since. */
  async #parse(cursor: Cursor): Promise<{ readonly changed: boolean }> {
    const before = cursor.statement;
    const statement = await this.#inEngine((engine) => engine.parse(cursor.sql));
    cursor.statement = statement;
    const changed = before === null || !sameColumns(before.columns, statement.columns);
    if (changed) {
      cursor.writers = null;
      const kept = cursor.defines?.length === statement.columns.length && before !== null;
      if (!kept || statement.columns.some(({ type }, i) => type.kind !== before.columns[i]?.type.kind)) {
        cursor.defines = null;
      }
    }
    return { changed };
  }

  /** How many rows each row of binds touched. */
  async #run(cursor: Cursor, rows: readonly (readonly Bind[])[]): Promise<readonly number[]> {
    const statement = cursor.statement;
    if (statement === null) throw new OraError(1001, 'invalid cursor');
    await dropRows(cursor);
    cursor.rowsSent = 0;
    const counts: number[] = [];
    for (const binds of rows.length === 0 ? [[]] : rows) {
      const known = statement.kind === 'query' || statement.kind === 'dml';
      if (known && binds.length < statement.placeholders.length) throw new OraError(1008, 'not all variables bound');
      if (known && binds.length > statement.placeholders.length) {
        throw new OraError(1036, 'illegal variable name/number');
      }
      this.#context.executed(cursor.sql);
      const execution = await this.#inEngine((engine) => engine.execute(statement, binds));
      if (execution.kind === 'rows') cursor.rows = execution.rows;
      else counts.push(execution.rows);
    }
    return counts;
  }

  /**
   * Rows as wanted and the error block. A client takes a batch shorter than it asked for as incomplete unless 1403
   * says that there is no more, so batches are either full or ended by it.
   */
  async #finish(cursor: Cursor, { count, wanted }: { readonly count: number; readonly wanted: number }): Promise<void> {
    const complete = cursor.rows === null || (await this.#rows(cursor, wanted)) === wanted;
    const ended = cursor.statement?.kind === 'query' && !complete;
    if (ended) await dropRows(cursor);
    writeEnding(this.#writer, {
      call: this.#context.callNumber(),
      inTransaction: this.#context.engine.inTransaction,
      cursor: cursor.id,
      rows: cursor.statement?.kind === 'query' ? cursor.rowsSent : count,
      ...(ended ? { error: new OraError(NO_DATA_FOUND, 'no data found') } : {}),
    });
    await this.#flush();
  }

  async #rows(cursor: Cursor, wanted: number): Promise<number> {
    const columns = cursor.statement?.columns ?? [];
    const context = { cursor: cursor.id, lobs: this.#context.lobs };
    cursor.writers ??= columns.map((column, index) => valueWriter(column, cursor.defines?.[index] ?? null, context));
    const format = { columns, writers: cursor.writers, bitVectors: this.#context.bitVectors };
    const row = new RowWriter(this.#writer, format);
    let sent = 0;
    const rows = cursor.rows;
    while (sent < wanted && rows !== null) {
      const most = Math.min(wanted - sent, ROWS_AT_ONCE_MAX);
      const batch: readonly (readonly Value[])[] = await this.#inEngine(() => rows.next(most));
      if (batch.length === 0) break;
      if (rows.repeats === true && cursor.defines === null && !format.bitVectors) {
        row.writeRepeated(batch);
        if (this.#writer.length >= PIECE_BYTES) await this.#flush();
      } else {
        for (const values of batch) {
          row.write(values);
          if (this.#writer.length >= PIECE_BYTES) await this.#flush();
        }
      }
      sent += batch.length;
      cursor.rowsSent += batch.length;
    }
    return sent;
  }

  /** A break between two steps ends the call before the next one begins: the engine would not know of it. */
  async #inEngine<T>(step: (engine: EngineSession) => Promise<T>): Promise<T> {
    this.#context.check();
    this.#engineCalls += 1;
    try {
      return await step(this.#context.engine);
    } finally {
      this.#engineCalls -= 1;
    }
  }

  async #flush(): Promise<void> {
    await this.#context.send(this.#writer.take());
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** LOBs are not sent before the client has said whether it wants locators or contents. */
function awaitsDefine({ defines, statement }: Cursor): boolean {
  return defines === null && statement !== null && statement.columns.some(({ type }) => needsDefine(type));
}
