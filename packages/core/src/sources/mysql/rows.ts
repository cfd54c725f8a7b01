/**
 * Rows of one statement, in chunks. mysql2 pushes rows; here they are collected until a chunk is full, and the connection
 * is paused while a full one waits: the server then waits in turn (net_write_timeout lasts as long as the use).
 *
 * Describing a statement begins it, and holds it before its first row: what "prepare" tells of a column may change with
 * the values that are bound (`SELECT :a`, `CONCAT(:a, x)`), what comes with the rows is how they are written.
 */
import { columnsChanged, FETCH_BYTES, FETCH_ROWS } from '../sql/rows.ts';
import type { WireChunk, WireRows } from '../sql/wire/fields.ts';
import type { BinaryRows, RowPacket } from './binary-rows.ts';
import type { Bound, ExpectedRows } from '../sql/database.ts';
import type { Session } from '../sql/session.ts';
import { sameValue, type MysqlValue } from './bind.ts';
import type { MysqlConnection, RowsListener } from './connection.ts';
import { sameColumn, type MysqlColumn } from './describe.ts';

/** Of a chunk: one byte of a text may become two in memory. */
const CHUNK_BYTES = FETCH_BYTES / 2;

/** What a value takes besides its bytes: where it begins and ends. */
const VALUE_BYTES = 8;

/** ER_TABLE_DEF_CHANGED's name: the columns are not those that were planned for. */
const CHANGED = 'ER_TABLE_DEF_CHANGED';

/** Tables of values' places that are kept for rows to come: those of two chunks of usual rows. */
const SPARE_TABLES = 16;

type Statement = Bound<readonly MysqlValue[]>;

class Chunks implements RowsListener {
  readonly #connection: MysqlConnection;
  #columns: readonly MysqlColumn[] | null = null;
  #reader: BinaryRows | null = null;
  #pieces: WireRows[] = [];
  #rows = 0;
  #bytes = 0;
  #ready: WireChunk | null = null;
  readonly #spare: WireRows[] = [];
  #ended = false;
  #failure: unknown = null;
  #wake: (() => void) | null = null;

  constructor(connection: MysqlConnection, { text, binds }: Statement) {
    this.#connection = connection;
    connection.execute(text, binds, this);
  }

  readonly onColumns = (columns: readonly MysqlColumn[], reader: BinaryRows): void => {
    this.#columns = columns;
    this.#reader = reader;
    this.#connection.pause();
    this.#wake?.();
  };

  readonly onRow = (packet: RowPacket): void => {
    const reader = this.#reader;
    if (this.#failure !== null || reader === null) return;
    let piece = this.#pieces.at(-1);
    if (piece?.bytes !== packet.buffer) {
      piece = reader.begin(packet.buffer, this.#rowsIn(packet), this.#spare.pop());
      this.#pieces.push(piece);
    }
    reader.add(piece, packet);
    this.#rows += 1;
    this.#bytes += packet.end - packet.start + VALUE_BYTES * piece.columns;
    if (this.#rows < FETCH_ROWS && this.#bytes < CHUNK_BYTES) return;
    this.#ready = this.#take();
    this.#connection.pause();
    this.#wake?.();
  };

  readonly onEnd = (error: unknown): void => {
    this.#ended = true;
    if (error !== null) {
      this.#failure = error;
      this.#ready = null;
      this.#take();
    }
    this.#wake?.();
  };

  /** As they came, before the first row. */
  async columns(): Promise<readonly MysqlColumn[]> {
    while (this.#columns === null && !this.#ended) await this.#something();
    if (this.#failure !== null || this.#columns === null) throw this.#failure as Error;
    return this.#columns;
  }

  /** null: all rows came. */
  async next(): Promise<WireChunk | null> {
    while (this.#ready === null && !this.#ended) {
      this.#connection.resume();
      // Rows that mysql2 had read already came at once.
      if (this.#ready === null && !this.#ended) await this.#something();
    }
    if (this.#failure !== null) throw this.#failure as Error;
    const chunk = this.#ready ?? this.#take();
    this.#ready = null;
    // The next one comes while this one is written.
    this.#connection.resume();
    return chunk.pieces.length === 0 ? null : chunk;
  }

  #take(): WireChunk {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#rows = 0;
    this.#bytes = 0;
    const release = (): void => {
      for (const piece of pieces) if (this.#spare.length < SPARE_TABLES) this.#spare.push(piece.letGo());
    };
    return { pieces, release };
  }

  /** In this chunk, from the bytes of a packet that has new ones: as many as are of its size. */
  #rowsIn({ buffer, start, end }: RowPacket): number {
    return Math.min(FETCH_ROWS - this.#rows, Math.ceil((buffer.length - start) / (end - start)));
  }

  async #something(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = null;
  }
}

/** Statements that were begun to be described, by the connection that they hold. */
const begun = new WeakMap<MysqlConnection, { readonly statement: Statement; readonly chunks: Chunks }>();

/** Begins the statement: nothing else can be asked of the session before its rows were read. */
export async function describe(
  session: Session<MysqlConnection>,
  statement: Statement,
): Promise<readonly MysqlColumn[]> {
  return await session.call((connection) => {
    const chunks = new Chunks(connection, statement);
    begun.set(connection, { statement, chunks });
    return connection.inTime(chunks.columns());
  });
}

/** What `describe` began; what was not described begins now. */
function chunksOf(connection: MysqlConnection, statement: Statement): Chunks {
  const held = begun.get(connection);
  if (held === undefined) return new Chunks(connection, statement);
  begun.delete(connection);
  if (!sameStatement(held.statement, statement)) throw new TypeError('rows of another statement than was described');
  return held.chunks;
}

function sameStatement(a: Statement, b: Statement): boolean {
  return (
    a.text === b.text
    && a.binds.length === b.binds.length
    && a.binds.every((value, at) => sameValue(value, b.binds[at]))
  );
}

/** As wireRowsOf, as values. */
export async function* rowsOf(
  session: Session<MysqlConnection>,
  statement: Statement,
  expected: ExpectedRows<MysqlColumn>,
): AsyncGenerator<unknown[][], void, undefined> {
  for await (const { pieces } of wireRowsOf(session, statement, expected)) {
    yield pieces.flatMap((rows) => rows.arrays());
  }
}

/**
 * Ends when all rows were read, never before: the server said so, on a connection that lived. Left early, it breaks off
 * what runs and spoils the session.
 * @throws ParqueueError what a session throws; PQ_SOURCE_UNSTABLE where other columns come than expected
 */
export async function* wireRowsOf(
  session: Session<MysqlConnection>,
  statement: Statement,
  { described }: ExpectedRows<MysqlColumn>,
): AsyncGenerator<WireChunk, void, undefined> {
  let whole = false;
  try {
    const chunks = await session.call(async (connection) => {
      const opened = chunksOf(connection, statement);
      expectColumns(await connection.inTime(opened.columns()), described);
      return opened;
    });
    for (;;) {
      const chunk = await session.call((connection) => connection.inTime(chunks.next()));
      if (chunk === null) break;
      yield chunk;
    }
    whole = true;
  } finally {
    if (!whole) session.spoil();
  }
}

function expectColumns(columns: readonly MysqlColumn[], expected: readonly MysqlColumn[]): void {
  const same = columns.length === expected.length && columns.every((column, at) => sameColumn(column, expected[at]));
  if (!same) throw columnsChanged(CHANGED);
}
