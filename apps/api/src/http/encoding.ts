/**
 * The content coding of a text answer, chosen by Accept-Encoding (RFC 9110 section 12.5.3). Parquet and Arrow are never
 * coded: they are compressed inside, or meant to be mapped as they are.
 */
import * as zlib from 'node:zlib';
import { HttpRefusal } from './problem.ts';
import { readPreferences } from './qualities.ts';

export type Coding = 'identity' | 'gzip' | 'zstd';

export interface CodingChoice {
  readonly coding: Coding;
  /** A body too small to gain from its coding may be sent as it is. */
  readonly plainAllowed: boolean;
}

/** Node has it since 22.15; before that WebAssembly does the same at half the speed of gzip. */
export const NATIVE_ZSTD = 'createZstdCompress' in zlib;

/** Of codings wanted equally. */
const PREFERRED: readonly Coding[] = NATIVE_ZSTD ? ['zstd', 'gzip', 'identity'] : ['gzip', 'zstd', 'identity'];

/** What `*` alone means: as it is, and of codings the one that everybody reads. */
const PREFERRED_UNNAMED: readonly Coding[] = ['identity', 'gzip', 'zstd'];

/** @throws HttpRefusal 406 where the header excludes everything that is offered */
export function chooseCoding(acceptEncoding: string | undefined, offered: 'text' | 'bytes'): CodingChoice {
  if (acceptEncoding === undefined) return { coding: 'identity', plainAllowed: true };
  const qualities = qualitiesOf(acceptEncoding);
  const plain = qualities.get('identity');
  const candidates = [...qualities]
    .filter(([coding, { quality }]) => quality > 0 && (offered === 'text' || coding === 'identity'))
    .toSorted(
      ([a, one], [b, other]) =>
        other.quality - one.quality
        || Number(other.named) - Number(one.named)
        || rank(a, one.named) - rank(b, other.named),
    );
  const [best] = candidates;
  if (best === undefined) throw refusal(offered);
  return { coding: best[0], plainAllowed: plain !== undefined && plain.quality > 0 };
}

interface Wanted {
  readonly quality: number;
  /** By its name; else by `*`, or, identity, by nothing having excluded it. */
  readonly named: boolean;
}

function qualitiesOf(header: string): ReadonlyMap<Coding, Wanted> {
  const told = new Map<string, number>();
  for (const { name, quality } of readPreferences(header)) told.set(name === 'x-gzip' ? 'gzip' : name, quality);
  const any = told.get('*');
  const wanted = new Map<Coding, Wanted>();
  for (const coding of PREFERRED) {
    const quality = told.get(coding);
    if (quality !== undefined) wanted.set(coding, { quality, named: true });
    else if (any !== undefined) wanted.set(coding, { quality: any, named: false });
    // Acceptable, since nothing excludes it; the least wanted, since others were named.
    else if (coding === 'identity') wanted.set(coding, { quality: Number.MIN_VALUE, named: false });
  }
  return wanted;
}

function rank(coding: Coding, named: boolean): number {
  return (named ? PREFERRED : PREFERRED_UNNAMED).indexOf(coding);
}

function refusal(offered: 'text' | 'bytes'): HttpRefusal {
  return new HttpRefusal(
    406,
    'PQ_INVALID_REQUEST',
    offered === 'text'
      ? 'Accept-Encoding excludes all that is offered: gzip, zstd, identity'
      : 'Accept-Encoding excludes identity, and Parquet and Arrow are sent without any other coding: allow identity',
    { details: { offered: offered === 'text' ? ['gzip', 'zstd', 'identity'] : ['identity'] } },
  );
}
