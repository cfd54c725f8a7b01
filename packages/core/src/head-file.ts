/**
 * head.json follows the head in Redis: written after a commit, then the head is read again and the file rewritten if
 * it moved meanwhile. Two writers may still overtake each other between read and rename; the file is a hint, and gc
 * rewrites it before it removes what it names.
 *
 * Whoever committed knows what to write without a look: a head that moved since is found by the look that follows, and one
 * that was verified since has a later `verified` than the file says, which a hint may.
 */
import type { Head } from './model/generation.ts';
import type { Heads, LookTarget } from './ports/coordination.ts';
import type { StoreMarks } from './ports/store.ts';

const REWRITES_MAX = 5;

/** What the file says of a head. */
export type HeadPointer = Pick<Head, 'fence' | 'version' | 'sha256' | 'verified' | 'verifiedAtMs'>;

/**
 * @param known what the caller made the head a moment ago; null: look first
 * @returns the fence that head.json names now, or null where the key has no head: then it no longer names what was written
 */
export async function writeHeadFile(
  target: LookTarget,
  { heads, marks }: { readonly heads: Heads; readonly marks: StoreMarks },
  known: HeadPointer | null = null,
): Promise<number | null> {
  let written: HeadPointer | null = null;
  for (let attempt = 0; attempt <= REWRITES_MAX; attempt += 1) {
    const head: HeadPointer | null = written === null && known !== null ? known : (await heads.look(target, null)).head;
    if (head === null) {
      if (written !== null) await marks.clearHead(target.key, written.fence);
      return null;
    }
    if (head.fence === written?.fence) break;
    const { fence, version, sha256, verified, verifiedAtMs } = head;
    await marks.writeHead({ key: target.key, fence, version, sha256, verified, verifiedAtMs });
    written = head;
  }
  return written?.fence ?? null;
}
