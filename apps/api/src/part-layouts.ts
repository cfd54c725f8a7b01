/** Layouts of generations, read from their footers when a range must tell what it belongs to, and kept: they never change. */
import type { GenerationReader } from '@parqueue/core';
import { readFooterOf } from '@parqueue/core/parquet';
import type { Layout } from './read-choice.ts';

/** Boundaries kept in all; a set of a million numbers is near 40 MB. */
const BOUNDARIES_MAX = 500_000;

export interface GenerationRef {
  readonly key: string;
  readonly fence: number;
}

export class PartLayouts {
  readonly #reader: GenerationReader;
  readonly #known = new Map<string, Layout>();
  #boundaries = 0;

  constructor(reader: GenerationReader) {
    this.#reader = reader;
  }

  /** @returns null where the file is gone or is no whole Parquet file: then it can be no witness. */
  async of(ref: GenerationRef): Promise<Layout | null> {
    const name = `${ref.key}/${ref.fence}`;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const inspection = await this.#reader.inspect(ref.key, ref.fence);
    if (inspection.kind !== 'whole') return null;
    const footer = await readFooterOf(this.#reader.partPath(ref.key, ref.fence).absolute).catch(() => null);
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
