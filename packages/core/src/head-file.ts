/**
 * head.json follows the head in Redis: written after a commit, then the head is read again and the file rewritten if
 * it moved meanwhile. Two writers may still overtake each other between read and rename; the file is a hint, and gc
 * rewrites it before it removes what it names.
 */
import type { Head } from './model/generation.ts';
import type { Heads, LookTarget } from './ports/coordination.ts';
import type { StoreMarks } from './ports/store.ts';

const REWRITES_MAX = 5;

/** @returns the fence that head.json names now, or null where the key has no head: then it no longer names what was written */
export async function writeHeadFile(
  target: LookTarget,
  { heads, marks }: { readonly heads: Heads; readonly marks: StoreMarks },
): Promise<number | null> {
  let written: Head | null = null;
  for (let attempt = 0; attempt <= REWRITES_MAX; attempt += 1) {
    const { head } = await heads.look(target, null);
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
