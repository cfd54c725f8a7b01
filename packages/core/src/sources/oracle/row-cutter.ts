/**
 * Takes the rows of one statement from the driver where it would decode them (docs/adr/0046): reached through the
 * connection that ran it, so that every other connection of the process, and every other statement of this one, is the
 * driver's own. All of the protocol but rows stays the driver's: packets, messages, errors, breaks, the end.
 *
 * A row is taken only when all of it has come. The driver decodes a message anew from its beginning when a packet ended in the middle of it, so
 * what was begun leaves no trace here; and rows that follow in the same packet are taken at once, because each of them is whole.
 */
import oracledb, { type Connection, type ResultSet } from 'oracledb';
import { ParqueueError } from '../../model/errors.ts';
import { columnsChanged } from '../sql/rows.ts';
import { WireRows, type Wire, type WireChunk } from '../sql/wire/fields.ts';
import {
  DRIVER_VERSION,
  isAsDeclared,
  isQueryMessage,
  protocolOf,
  resultsOf,
  type DriverBuffer,
  type DriverMessage,
  type DriverStatement,
  type DriverVariable,
} from './driver-internals.ts';
import { driverValueOf, type DriverValue } from './driver-values.ts';
import { isReadFrom } from './wires.ts';

const ROW_DATA = 7;
const BIT_VECTOR = 21;

/** Above it a length says something else: that it is long, or that there is no value. */
const LENGTH_MAX = 252;
const NO_VALUE = 255;

/** Of a chunk, before the first one has told how large they are. */
const BYTES_FIRST = 128 * 1024;

/**
 * Until `end`, rows of the statement that `connection` executes next are taken from the driver.
 * @param wires how the values of each row will be read; null: as the driver gives them
 * @returns null where this driver's rows are its own matter
 */
export function cutRows(connection: Connection, wires: readonly (Wire | null)[]): CutStatement | null {
  const protocol = protocolOf(connection);
  if (protocol === null) {
    tellOnce();
    return null;
  }
  const cutter = new RowCutter(wires);
  let statement: DriverStatement | null = null;
  const own = protocol._processMessage;
  protocol._processMessage = (message) => {
    if (isQueryMessage(message)) {
      statement ??= message.statement;
      if (message.statement === statement) {
        const driverOwn = message.processRowData;
        message.processRowData = (buffer) => cutter.take(message, buffer, driverOwn);
      }
    }
    return own.call(protocol, message);
  };
  return {
    attach(results) {
      const implementation = resultsOf(results);
      if (implementation === null) throw new ParqueueError('PQ_INTERNAL', 'the driver has no rows where it had them');
      const rowsOwn = implementation._processRows;
      implementation._processRows = (rows) => {
        const { statement: executed } = implementation;
        const count = executed.bufferRowCount;
        const chunk = cutter.chunk(count);
        if (chunk === null) return rowsOwn.call(implementation, rows);
        executed.bufferRowCount = 0;
        executed.bufferRowIndex = 0;
        return count === 0 ? [] : [chunk];
      };
    },
    end() {
      protocol._processMessage = own;
    },
  };
}

let told = false;

/** On stderr of the process, once in each thread that loads. */
function tellOnce(): void {
  if (told) return;
  told = true;
  const message = `node-oracledb ${oracledb.versionString} is not ${DRIVER_VERSION}: rows are decoded by the driver, which takes longer`;
  process.emitWarning(message, { type: 'ParqueueWarning', code: 'ORACLE_DRIVER_VERSION' });
}

export interface CutStatement {
  /** From now on its `getRows` gives one CutChunk, of all rows that have come, in place of rows; or rows, where the driver decoded them. */
  attach(results: ResultSet<unknown[]>): void;
  end(): void;
}

/** What a chunk is put in. */
interface Holder {
  readonly bytes: Buffer;
  readonly starts: Int32Array<ArrayBuffer>;
  readonly ends: Int32Array<ArrayBuffer>;
}

/** Holders kept for chunks to come: one is in columns while the next one is there and another one arrives. */
const HOLDERS_MAX = 3;

export class CutChunk implements WireChunk {
  readonly pieces: readonly WireRows[];
  readonly release: () => void;

  constructor(rows: WireRows, release: () => void) {
    this.pieces = [rows];
    this.release = release;
  }
}

class RowCutter {
  readonly #wires: readonly (Wire | null)[];
  #columns: readonly DriverValue[] | null = null;
  #variables: readonly DriverVariable[] | null = null;
  #width = 0;
  #bytes: Buffer = Buffer.allocUnsafeSlow(BYTES_FIRST);
  #length = 0;
  /** Of the value at row × columns + column. */
  #starts = new Int32Array(0);
  /** NULL where negative. */
  #ends = new Int32Array(0);
  #rows = 0;
  /** What was copied last: from where on, and what has to be added to a position there to have the one in the copy. */
  #packet: object | null = null;
  #copiedFrom = 0;
  #shift = 0;
  /** Values of the last row of the chunk before: a server leaves out those that are the same in the next. */
  #before: readonly (Buffer | null)[] | null = null;
  readonly #holders: Holder[] = [];

  constructor(wires: readonly (Wire | null)[]) {
    this.#wires = wires;
  }

  /** In place of the message's own `processRowData`, after the byte that says that a row follows. */
  take(message: DriverMessage, buffer: DriverBuffer, driverOwn: DriverMessage['processRowData']): void {
    if (!isAsDeclared(message, buffer))
      throw new ParqueueError('PQ_INTERNAL', 'the driver’s rows are not where they were');
    const { statement } = message;
    if (this.#variables !== statement.queryVars) this.#plan(statement, buffer);
    if (this.#columns === null) {
      driverOwn.call(message, buffer);
      return;
    }
    const before = this.#rows;
    const vector = message.bitVector ?? null;
    if (this.#takeWhole(buffer, buffer.pos, vector)) while (this.#takeNext(buffer));
    else this.#takeSplit(buffer, vector);
    message.rowIndex += this.#rows - before;
    message.bitVector = null;
    statement.lastRowIndex = message.rowIndex - 1;
    statement.bufferRowCount += this.#rows - before;
  }

  /** All rows since the last call; null: the driver decodes those of this statement, or none came yet. */
  chunk(rows: number): CutChunk | null {
    const columns = this.#columns;
    if (columns === null) return null;
    if (rows !== this.#rows)
      throw new ParqueueError('PQ_INTERNAL', `the driver counts ${rows} rows, and ${this.#rows} were taken`);
    const width = this.#width;
    const bytes = this.#bytes;
    const wire = new WireRows(bytes, width, 0, ({ starts, ends }, at) =>
      (columns[at % width] as DriverValue)(bytes.subarray(starts[at], ends[at])),
    );
    const holder = { bytes, starts: this.#starts, ends: this.#ends };
    wire.starts = holder.starts;
    wire.ends = holder.ends;
    wire.rows = rows;
    wire.wireBytes = bytesOf(holder, rows * width);
    this.#begin(rows);
    return new CutChunk(wire, () => {
      if (this.#holders.length < HOLDERS_MAX) this.#holders.push(holder);
    });
  }

  #begin(rows: number): void {
    const last = (rows - 1) * this.#width;
    if (rows > 0) this.#before = Array.from({ length: this.#width }, (_, column) => this.#copyOf(last + column));
    const next = this.#holders.pop();
    // A quarter more than this one took: most are alike.
    this.#bytes = next?.bytes ?? Buffer.allocUnsafeSlow(Math.max(BYTES_FIRST, this.#length + (this.#length >> 2)));
    this.#starts = next?.starts ?? new Int32Array(this.#starts.length);
    this.#ends = next?.ends ?? new Int32Array(this.#ends.length);
    this.#length = 0;
    this.#rows = 0;
    this.#packet = null;
  }

  #copyOf(at: number): Buffer | null {
    const end = this.#ends[at] as number;
    return end < 0 ? null : Buffer.from(this.#bytes.subarray(this.#starts[at], end));
  }

  #plan({ queryVars = [] }: DriverStatement, buffer: DriverBuffer): void {
    if (this.#rows > 0) throw new ParqueueError('PQ_INTERNAL', 'a statement was described among its rows');
    this.#variables = queryVars;
    const columns = queryVars.map((variable) => driverValueOf(variable, buffer));
    this.#columns = columns.every((column) => column !== null) ? columns : null;
    this.#width = columns.length;
    if (this.#columns === null) return;
    const isExpected =
      columns.length === this.#wires.length
      && this.#wires.every((wire, at) => wire === null || isReadFrom(wire, queryVars[at]?.type.name ?? ''));
    // The table was altered since it was described.
    if (!isExpected) throw columnsChanged('ORA-01466');
  }

  /** The row after the one that was taken, where it is in this packet as a whole. */
  #takeNext(buffer: DriverBuffer): boolean {
    const { buf, pos, size } = buffer;
    if (pos >= size) return false;
    if (buf[pos] === ROW_DATA) return this.#takeWhole(buffer, pos + 1, null);
    if (buf[pos] !== BIT_VECTOR || pos + 1 >= size) return false;
    // How many columns were sent, which the vector says as well: an integer of so many bytes.
    const vector = pos + 2 + (buf[pos + 1] as number);
    const end = vector + ((this.#width + 7) >> 3);
    if (end >= size || buf[end] !== ROW_DATA) return false;
    return this.#takeWhole(buffer, end + 1, buf.subarray(vector, end));
  }

  /** A row that stands in this packet from `pos` on. @returns false where it does not, or has a long value: nothing was taken */
  #takeWhole(buffer: DriverBuffer, pos: number, vector: Uint8Array | null): boolean {
    const { buf, size, packet } = buffer;
    if (packet !== this.#packet || pos < this.#copiedFrom) this.#copy(buffer, pos);
    const first = this.#room();
    const starts = this.#starts;
    const ends = this.#ends;
    const shift = this.#shift;
    let at = pos;
    for (let i = first; i < first + this.#width; i += 1) {
      if (vector !== null && isLeftOut(vector, i - first)) {
        this.#length = this.#repeat(i, this.#length);
        continue;
      }
      if (at >= size) return false;
      const length = buf[at] as number;
      at += 1;
      if (length === 0 || length === NO_VALUE) {
        ends[i] = -1;
      } else if (length <= LENGTH_MAX) {
        starts[i] = at + shift;
        at += length;
        ends[i] = at + shift;
      } else {
        return false;
      }
    }
    if (at > size) return false;
    buffer.pos = at;
    this.#rows += 1;
    return true;
  }

  /** A row that goes on in the next packet, or has long values: read as the driver reads. Taken at its end, or not at all. */
  #takeSplit(buffer: DriverBuffer, vector: Uint8Array | null): void {
    const first = this.#room();
    let length = this.#length;
    for (let i = first; i < first + this.#width; i += 1) {
      if (vector !== null && isLeftOut(vector, i - first)) length = this.#repeat(i, length);
      else length = this.#put(i, buffer.readBytesWithLength(), length);
    }
    this.#length = length;
    this.#rows += 1;
  }

  /** @returns the index of the next row's first value */
  #room(): number {
    const first = this.#rows * this.#width;
    if (first + this.#width > this.#starts.length) {
      this.#starts = grown(this.#starts, first + this.#width);
      this.#ends = grown(this.#ends, first + this.#width);
    }
    return first;
  }

  /** The value of the row before once more. */
  #repeat(i: number, length: number): number {
    if (this.#rows === 0) {
      if (this.#before === null) throw new ParqueueError('PQ_INTERNAL', 'the first row has values of a row before it');
      return this.#put(i, this.#before[i] ?? null, length);
    }
    this.#starts[i] = this.#starts[i - this.#width] as number;
    this.#ends[i] = this.#ends[i - this.#width] as number;
    return length;
  }

  #put(i: number, bytes: Buffer | null, length: number): number {
    if (bytes === null || bytes.length === 0) {
      this.#ends[i] = -1;
      return length;
    }
    this.#reserve(length + bytes.length);
    this.#bytes.set(bytes, length);
    this.#starts[i] = length;
    this.#ends[i] = length + bytes.length;
    return length + bytes.length;
  }

  #copy({ buf, size, packet }: DriverBuffer, pos: number): void {
    this.#reserve(this.#length + size - pos);
    this.#bytes.set(buf.subarray(pos, size), this.#length);
    this.#packet = packet;
    this.#copiedFrom = pos;
    this.#shift = this.#length - pos;
    this.#length += size - pos;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes, this.#bytes.length * 2));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

/** Of the first `count` values. One that was left out, as that of the row before, is as large in its column as any other. */
function bytesOf({ starts, ends }: Holder, count: number): number {
  let bytes = 0;
  for (let at = 0; at < count; at += 1) {
    const end = ends[at] as number;
    if (end >= 0) bytes += end - (starts[at] as number);
  }
  return bytes;
}

/** A bit for each column, set where the row has it. */
function isLeftOut(vector: Uint8Array, column: number): boolean {
  return ((vector[column >> 3] as number) & (1 << (column & 7))) === 0;
}

function grown(values: Int32Array, least: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(least, values.length * 2));
  larger.set(values);
  return larger;
}
