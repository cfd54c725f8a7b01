/** The statements a client keeps open, by number. Numbers are 16 bits wide on the wire, so freed ones are used again. */
import { OraError } from '../engine.ts';
import type { Column, RowSource, Statement } from '../engine.ts';
import type { BindType } from '../ttc/binds.ts';
import type { WriteValue } from '../ttc/values.ts';

export interface Cursor {
  readonly id: number;
  sql: string;
  statement: Statement | null;
  binds: readonly BindType[];
  plsql: boolean;
  /** How the client wants each column, from its last define; null is as described. */
  defines: readonly BindType[] | null;
  writers: readonly WriteValue[] | null;
  rows: RowSource | null;
  rowsSent: number;
}

export interface CursorGauge {
  openCursors: number;
}

export class Cursors {
  readonly #open = new Map<number, Cursor>();
  readonly #free: number[] = [];
  readonly #gauge: CursorGauge;
  readonly #countMax: number;
  #last = 0;

  constructor(gauge: CursorGauge, countMax: number) {
    this.#gauge = gauge;
    this.#countMax = countMax;
  }

  /** @throws OraError 1000 */
  open(sql: string): Cursor {
    if (this.#open.size >= this.#countMax) throw new OraError(1000, 'maximum open cursors exceeded');
    const id = this.#free.pop() ?? (this.#last += 1);
    const cursor: Cursor = {
      id,
      sql,
      statement: null,
      binds: [],
      plsql: false,
      defines: null,
      writers: null,
      rows: null,
      rowsSent: 0,
    };
    this.#open.set(id, cursor);
    this.#gauge.openCursors += 1;
    return cursor;
  }

  /** @throws OraError 1001 */
  get(id: number): Cursor {
    const cursor = this.#open.get(id);
    if (cursor === undefined) throw new OraError(1001, 'invalid cursor');
    return cursor;
  }

  find(id: number): Cursor | null {
    return this.#open.get(id) ?? null;
  }

  async close(id: number): Promise<void> {
    const cursor = this.#open.get(id);
    if (cursor === undefined || !this.#open.delete(id)) return;
    this.#gauge.openCursors -= 1;
    this.#free.push(id);
    await dropRows(cursor);
  }

  /** Its rows are not wanted any more; a number that is gone already is no error. */
  async cancel(id: number): Promise<void> {
    const cursor = this.#open.get(id);
    if (cursor !== undefined) await dropRows(cursor);
  }

  async closeAll(): Promise<void> {
    for (const id of [...this.#open.keys()]) await this.close(id);
  }
}

/** The statement stays, its result goes. */
export async function dropRows(cursor: Cursor): Promise<void> {
  const rows = cursor.rows;
  cursor.rows = null;
  await rows?.close();
}

export function sameColumns(one: readonly Column[], other: readonly Column[]): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
