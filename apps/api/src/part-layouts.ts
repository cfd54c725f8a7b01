/** Layouts of generations, read from their footers when a range must tell what it belongs to, and kept: they never change. */
import { isParqueueError } from '@parqueue/core';
import { readFooterOf } from '@parqueue/core/parquet';
import type { FileStore } from '@parqueue/core/store';
import type { Layout } from './read-choice.ts';

/** Boundaries kept in all; a set of a million numbers is near 40 MB. */
const BOUNDARIES_MAX = 500_000;

export interface GenerationRef {
  readonly key: string;
  readonly fence: number;
}

export class PartLayouts {
  readonly #store: Pick<FileStore, 'reader' | 'calls'>;
  readonly #known = new Map<string, Layout>();
  #boundaries = 0;

  constructor(store: Pick<FileStore, 'reader' | 'calls'>) {
    this.#store = store;
  }

  /**
   * @returns null where the file is gone or is no whole Parquet file: then it can be no witness
   * @throws ParqueueError PQ_STORE_IO where the store does not answer: a witness that was not heard says nothing for others
   */
  async of(ref: GenerationRef): Promise<Layout | null> {
    const name = `${ref.key}/${ref.fence}`;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const { reader, calls } = this.#store;
    const inspection = await reader.inspect(ref.key, ref.fence);
    if (inspection.kind !== 'whole') return null;
    const path = reader.partPath(ref.key, ref.fence).absolute;
    const footer = await calls.run('read', () => readFooterOf(path)).catch(nullUnlessHung);
    if (footer === null) return null;
    const { sha256 } = inspection.manifest.part;
    const { fileBytes: bytes, boundaries } = footer;
    // Ascending, the last three are the beginning of the footer, its end and the file's.
    const layout: Layout = { sha256, bytes, dataEnd: boundaries.at(-3) ?? bytes, boundaries: new Set(boundaries) };
    this.#keep(name, layout);
    return layout;
  }

  /** The one read first goes first. A footer beyond the bound is not kept, and read again. */
  #keep(name: string, layout: Layout): void {
    if (this.#known.has(name) || layout.boundaries.size > BOUNDARIES_MAX) return;
    this.#known.set(name, layout);
    this.#boundaries += layout.boundaries.size;
    for (const [oldest, { boundaries }] of this.#known) {
      if (this.#boundaries <= BOUNDARIES_MAX) return;
      this.#known.delete(oldest);
      this.#boundaries -= boundaries.size;
    }
  }
}

function nullUnlessHung(error: unknown): null {
  if (isParqueueError(error) && error.code === 'PQ_STORE_IO') throw error;
  return null;
}
