/**
 * Transactions over row versions. Each write statement is one DuckDB transaction under one lock, so that DuckDB never
 * meets two writers; what a transaction of ours wrote is marked with its number until its commit gives it the next SCN,
 * in one DuckDB transaction, and publishes that. Whoever wants a row that another transaction is changing waits for it.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { OraError } from '../../engine.ts';
import type { Table } from './catalog.ts';
import { Mutex } from './mutex.ts';

export interface Transaction {
  readonly id: number;
  readonly tables: Set<Table>;
  /** Settles when the transaction is over. */
  readonly ended: Promise<void>;
  end(): void;
  waitsFor: Transaction | null;
}

export class Transactions {
  /** The last SCN committed. */
  scn: bigint;
  /** Nothing older than this can be read. */
  oldestScn: bigint;
  readonly #lock = new Mutex();
  readonly #open = new Map<number, Transaction>();
  #lastId = 0;

  constructor(firstScn: bigint) {
    this.scn = firstScn;
    this.oldestScn = firstScn;
  }

  /** How many wait for a row that another one changed. */
  get waiting(): number {
    return [...this.#open.values()].filter(({ waitsFor }) => waitsFor !== null).length;
  }

  begin(): Transaction {
    this.#lastId += 1;
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const transaction: Transaction = { id: this.#lastId, tables: new Set(), ended, end, waitsFor: null };
    this.#open.set(transaction.id, transaction);
    return transaction;
  }

  /** Work that writes, alone and whole: it happens or leaves nothing. */
  async write<T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> {
    return this.#lock.run(() => wholly(connection, work));
  }

  /**
   * Work that reads, while nobody writes. DuckDB (1.5.6) was seen to show a reader half of a commit that took place
   * meanwhile, or an earlier state than the reader's own last statement; a result made here is whole, and is read out later.
   */
  async read<T>(work: () => Promise<T>): Promise<T> {
    return await this.#lock.run(work);
  }

  /** @throws OraError 00060 where waiting would never end; 01013 if `cancelled` wins */
  async waitFor(id: number, waiting: Transaction, cancelled: Promise<never>): Promise<void> {
    const holder = this.#open.get(id);
    if (holder === undefined) return;
    for (let at: Transaction | null = holder; at !== null; at = at.waitsFor) {
      if (at === waiting) throw new OraError(60, 'deadlock detected while waiting for resource');
    }
    waiting.waitsFor = holder;
    try {
      await Promise.race([holder.ended, cancelled]);
    } finally {
      waiting.waitsFor = null;
    }
  }

  async commit(connection: DuckDBConnection, transaction: Transaction): Promise<void> {
    if (transaction.tables.size > 0) {
      await this.#lock.run(async () => {
        const scn = this.scn + 1n;
        await wholly(connection, async () => {
          for (const { stored } of transaction.tables) {
            await connection.run(
              `UPDATE ${stored} SET "#scn" = ${scn} WHERE "#tx" = ${transaction.id} AND "#scn" IS NULL`,
            );
            await connection.run(
              `UPDATE ${stored} SET "#to" = ${scn} WHERE "#del" = ${transaction.id} AND "#to" IS NULL`,
            );
          }
        });
        this.scn = scn;
      });
    }
    this.#close(transaction);
  }

  async rollback(connection: DuckDBConnection, transaction: Transaction): Promise<void> {
    if (transaction.tables.size > 0) {
      await this.write(connection, async () => {
        for (const { stored } of transaction.tables) {
          await connection.run(`DELETE FROM ${stored} WHERE "#tx" = ${transaction.id} AND "#scn" IS NULL`);
          await connection.run(`UPDATE ${stored} SET "#del" = NULL WHERE "#del" = ${transaction.id} AND "#to" IS NULL`);
        }
      });
    }
    this.#close(transaction);
  }

  #close(transaction: Transaction): void {
    this.#open.delete(transaction.id);
    transaction.end();
  }

  /** A commit of its own, as DDL is. `work` is given the SCN that it may write. */
  async change(connection: DuckDBConnection, work: (scn: bigint) => Promise<void>): Promise<void> {
    await this.#lock.run(async () => {
      const scn = this.scn + 1n;
      await wholly(connection, () => work(scn));
      // Before anybody else takes the next one.
      this.scn = scn;
    });
  }
}

async function wholly<T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> {
  await connection.run('BEGIN');
  try {
    const result = await work();
    await connection.run('COMMIT');
    return result;
  } catch (error) {
    await connection.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
