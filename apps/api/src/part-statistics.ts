/**
 * Statistics of generations, gathered in a conversion thread when they are first asked for and kept, since a generation
 * never changes. Whoever asks meanwhile waits for the same gathering, which goes on when the first caller leaves.
 */
import type { Manifest } from '@parqueue/core';
import { STATISTICS_VERSION, type PartStatistics } from '@parqueue/core/parquet';
import type { ApiContext } from './context.ts';
import { lostOr } from './converted-answer.ts';
import type { Live } from './coordination-link.ts';
import { holdPinned } from './pin-keeper.ts';

/** A few thousand columns each, or many small ones. */
const KEPT_BYTES_MAX = 16 * 1024 * 1024;

export interface PartRef {
  readonly key: string;
  readonly fence: number;
  readonly manifest: Manifest;
}

interface Kept {
  readonly statistics: Promise<PartStatistics>;
  bytes: number;
}

/** Weak: of a sample, other processes may have looked at more rows in the time there is. */
export function statisticsTag({ part }: Manifest): string {
  return `W/"${part.sha256}-statistics-${STATISTICS_VERSION}"`;
}

export class StatisticsShelf {
  readonly #kept = new Map<string, Kept>();

  /** @throws PartLost; ParqueueError PQ_RATE_LIMITED, PQ_UNSUPPORTED_TYPE, PQ_STORE_IO, PQ_COORDINATION_DOWN */
  of(context: ApiContext, live: Live, ref: PartRef, sharer: string | null): Promise<PartStatistics> {
    const name = `${ref.key}/${ref.fence}`;
    const known = this.#kept.get(name);
    // Read last, so it goes last.
    if (known !== undefined) this.#kept.delete(name);
    const kept = known ?? this.#begin(name, () => gather(context, live, ref, sharer));
    this.#kept.set(name, kept);
    return kept.statistics;
  }

  #begin(name: string, load: () => Promise<string>): Kept {
    const loaded = load();
    const kept: Kept = { statistics: loaded.then((text) => JSON.parse(text) as PartStatistics), bytes: 0 };
    loaded.then(
      (text) => {
        kept.bytes = text.length;
        this.#makeRoom();
      },
      // A failure is told to who waits for it, and tried again by who comes later.
      () => void this.#kept.delete(name),
    );
    return kept;
  }

  #makeRoom(): void {
    let bytes = [...this.#kept.values()].reduce((sum, kept) => sum + kept.bytes, 0);
    for (const [name, kept] of this.#kept) {
      if (bytes <= KEPT_BYTES_MAX) return;
      bytes -= kept.bytes;
      this.#kept.delete(name);
    }
  }
}

async function gather(context: ApiContext, live: Live, ref: PartRef, sharer: string | null): Promise<string> {
  const { key, fence, manifest } = ref;
  await using _held = await holdPinned(live, { key, fence }, context);
  try {
    const path = context.store.reader.partPath(key, fence).absolute;
    const wish = { path, bytes: manifest.part.bytes, format: 'statistics' } as const;
    await using body = await context.conversions.open(wish, 'identity', { sharer, signal: context.stopping });
    const chunks: Uint8Array[] = [];
    for await (const chunk of body.chunks()) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    throw lostOr(error);
  }
}
