/** Decoded tables of the latest generations, up to a number of bytes: an unchanged answer is not decoded again. */
import type { Table } from 'apache-arrow';

export interface KeptTable {
  readonly key: string;
  readonly fence: number;
  readonly table: Table;
  readonly bytes: number;
}

export class TableMemory {
  readonly #bytesMax: number;
  /** In order of last use: the first is the next to go. */
  readonly #kept = new Map<string, KeptTable>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  find(key: string, fence: number): Table | null {
    const kept = this.#kept.get(key);
    if (kept === undefined || kept.fence !== fence) return null;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept.table;
  }

  keep(table: KeptTable): void {
    this.#drop(table.key);
    if (table.bytes > this.#bytesMax) return;
    this.#kept.set(table.key, table);
    this.#bytes += table.bytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    this.#kept.delete(key);
    this.#bytes -= kept.bytes;
  }
}
