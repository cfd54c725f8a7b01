/**
 * The version of a file: `checksum:sha256:<hex>` of its bytes, remembered by what stat says, so that a warm check
 * costs opendir, open and fstat.
 *
 * When may a remembered hash be believed? File times have a grain (up to 2 s on some filesystems): a write in the
 * same grain as the one before leaves the stat as it was.
 *   t=0.0 write A, mtime 0   t=0.1 we hash A, remember (mtime 0 → A)   t=0.2 write B, mtime 0   t=5 stat says 0 → "A": wrong
 * So a hash is believed only if hashing began at least one grain after this very stat was first *seen*: whatever was
 * written in that grain was written before the hash began. Both moments are ours (CLOCK_MONOTONIC of this boot); a
 * file's time, which a server stamps by its own clock, is never compared with a clock of ours.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import type { Memo } from '../../ports/source.ts';
import type { FileStat } from './jail.ts';

/** FAT's grain of 2 s, the coarsest in use. */
const GRAIN_NS = 2_000_000_000n;

const rememberedSchema = z.object({
  stat: z.string(),
  /** CLOCK_MONOTONIC when this stat was first seen, and when the hash began, ns. Null is written by earlier releases alone. */
  seenNs: z.string().regex(/^[0-9]+$/),
  hashedNs: z
    .string()
    .regex(/^[0-9]+$/)
    .nullable(),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
});

type Remembered = z.infer<typeof rememberedSchema>;

export interface Sighting {
  readonly name: string;
  readonly stat: string;
  readonly seenNs: bigint;
  /** The hash of the bytes, where it can be believed. */
  readonly sha256: string | null;
}

/** Of the boot that this process lives in. */
let bootId: string | null = null;

/**
 * Looks the file up by its stat. Where it was never seen in this state it is from now on: `remember` writes that down with the hash, since
 * without one it is worth nothing.
 */
export async function recall(
  memo: Memo,
  file: { readonly stat: FileStat; readonly realPath: string },
  nowNs: bigint,
): Promise<Sighting> {
  const name = nameOf(file.stat, file.realPath);
  const stat = `${file.stat.size}:${file.stat.mtimeNs}:${file.stat.ctimeNs}`;
  const known = decode(await memo.get(name));
  if (known === null || known.stat !== stat || BigInt(known.seenNs) > nowNs)
    return { name, stat, seenNs: nowNs, sha256: null };
  const seenNs = BigInt(known.seenNs);
  const settled = known.hashedNs !== null && BigInt(known.hashedNs) - seenNs >= GRAIN_NS;
  return { name, stat, seenNs, sha256: settled ? known.sha256 : null };
}

/** Remembers a hash whose reading began at `hashedNs` and during which the stat did not change. */
export async function remember(memo: Memo, sighting: Sighting, sha256: string, hashedNs: bigint): Promise<void> {
  const { name, stat, seenNs } = sighting;
  await memo.put(
    name,
    JSON.stringify({ stat, seenNs: String(seenNs), hashedNs: String(hashedNs), sha256 } satisfies Remembered),
  );
}

export function versionOf(sha256: string): string {
  return `checksum:sha256:${sha256}`;
}

/**
 * Inode numbers mean something on one mount of one boot of one host only; attributes are cached per mount. The last
 * mount whose point contains the path and whose device is the file's is the one it was reached through.
 */
function nameOf(stat: FileStat, realPath: string): string {
  const identity = mountOf(realPath);
  const digest = createHash('sha256').update(`${identity}\n${stat.dev}\n${stat.ino}`).digest('hex');
  return `file:${digest.slice(0, 40)}`;
}

/**
 * The list of mounts is read each time: neither a file's device nor the number of a mount tells that it is the one of
 * before, because both are given to the next one as soon as they are free. At once, 0.06 ms: it is in the kernel's memory, and
 * five turns of the pool of threads take 0.3.
 */
function mountOf(realPath: string): string {
  bootId ??= textOf('/proc/sys/kernel/random/boot_id');
  const mounts = textOf('/proc/self/mountinfo');
  let found = '';
  let length = -1;
  for (const line of mounts.split('\n')) {
    // mount id, parent id, major:minor, root, mount point, options … (proc(5)); blanks are written \040
    const point = line
      .split(' ')[4]
      ?.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
    if (point === undefined || point.length < length) continue;
    if (point === '/' || realPath === point || realPath.startsWith(`${point}/`)) {
      found = line;
      length = point.length;
    }
  }
  return `${bootId.trim()}\n${found}`;
}

/** Systems without /proc get an identity per process start: their memo is then worth less, never wrong. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return `process ${process.pid} ${performance.timeOrigin}`;
  }
}

/** A memo that holds anything else is worth nothing, and costs one hash. */
function decode(text: string | null): Remembered | null {
  if (text === null) return null;
  try {
    const parsed = rememberedSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
