/**
 * What must outlive Redis besides generations: hard and purge marks (I11), and head.json, the hint.
 *
 * Marks only rise, with many raisers on many hosts and no lock between them. One file replaced by rename cannot do
 * that, not even when every raiser reads again after writing:
 *   1. A and B both read 0     2. A writes 5, reads 5 again, acknowledges     3. B writes 3, reads 3, is content
 * and A's acknowledged mark is gone. So a mark is a file whose *name* carries the ticks, `not-before.<hard>-<purge>.json`;
 * the mark of a target is the maximum over its files. Raising adds a file and never changes one. A raiser then removes
 * the files it found below its own in both ticks, its own being durable by then: of all files ever added, one that
 * none other exceeds always stays. Names also spare NFS clients from looking up a path that is not there yet.
 */
import * as z from 'zod';
import { ParqueueError } from '../model/errors.ts';
import { SharedLook } from '../model/shared-look.ts';
import type { Mark } from '../ports/coordination.ts';
import type { HeadFile, StoreMarks } from '../ports/store.ts';
import type { Disk } from './disk.ts';
import type { KeyFolders } from './key-folders.ts';
import { SCOPE_MARKS, headFile, markName, markOfName, markPlace, partInKey, type MarkTicks } from './layout.ts';
import { isMissing, refusal } from './refusals.ts';

/** Looks at a directory that changes under us, at most; each further one needs a raise in between. */
const LOOKS_MAX = 20;

const tick = z.number().int().nonnegative();
const headSchema = z.object({
  key: z.string(),
  fence: tick,
  version: z.string(),
  sha256: z.string(),
  verified: tick,
  verifiedAtMs: z.number(),
});
const markSchema = z.object({ target: z.string().min(1), hard: tick, purge: tick });

export function storeMarks(disk: Disk, folders: KeyFolders): StoreMarks {
  /** Many who ask at once share a listing that began after they asked; the names tell all, no file is read. */
  const scopeNames = new SharedLook(() => markNames(disk, SCOPE_MARKS));
  return {
    /** Null also for a file that makes no sense: a hint that says nothing. */
    async readHead(key): Promise<HeadFile | null> {
      const text = await disk.readText(headFile(key));
      const head = text === null ? undefined : headSchema.safeParse(parsed(text)).data;
      return head?.key === key ? head : null;
    },

    async writeHead(head) {
      const text = `${JSON.stringify({ ...head, file: partInKey(head.fence) })}\n`;
      await folders.withPublished(head.key, () => disk.replace(headFile(head.key), text));
    },

    async clearHead(key, fence) {
      if ((await this.readHead(key))?.fence === fence) await disk.remove(headFile(key));
    },

    async readMark(key) {
      const target = `key:${key}`;
      const names = await folders.withVisible(key, async (isNew) =>
        isNew ? [] : await markNames(disk, markPlace(target).directory),
      );
      return markOf(target, names);
    },

    async readMarks(targets) {
      const scopes = targets.filter((target) => markPlace(target).directory === SCOPE_MARKS);
      const [names, ofKeys] = await Promise.all([
        scopes.length === 0 ? [] : scopeNames.take(),
        Promise.all(
          targets
            .filter((target) => !scopes.includes(target))
            .map((target) => this.readMark(target.slice('key:'.length))),
        ),
      ]);
      return [...ofKeys, ...scopes.map((target) => markOf(target, names))].filter((mark) => mark !== null);
    },

    async raiseMark(mark) {
      const { directory } = markPlace(mark.target);
      if (directory === SCOPE_MARKS) await raise(disk, mark);
      else await folders.withDurable(mark.target.slice('key:'.length), () => raise(disk, mark));
    },
  };
}

/** @param listed what the key's directory has, as a look a moment ago found: the first of those that it takes */
export async function markOfKey(disk: Disk, key: string, listed: readonly string[]): Promise<Mark | null> {
  const target = `key:${key}`;
  return markOf(target, await markNames(disk, markPlace(target).directory, listed));
}

function markOf(target: string, names: readonly string[]): Mark | null {
  const present = marksNamed(markPlace(target).prefix, names);
  return present.length === 0 ? null : { target, ...highest(present) };
}

async function raise(disk: Disk, { target, hard, purge }: Mark): Promise<void> {
  const { directory, prefix } = markPlace(target);
  // One look will do: a mark it misses stays beside ours. `hard` is never below `purge`. The new file holds the
  // maximum of all, so that it exceeds whatever was found.
  const found = marksNamed(prefix, await disk.list(directory));
  const raised = highest([...found, { hard: Math.max(hard, purge), purge }]);
  const own = markName(prefix, raised);
  // Written even where a file of this name is there: it says the same, and its writer may not have fsynced it yet.
  await disk.replace(`${directory}/${own}`, `${JSON.stringify({ target, ...raised })}\n`);
  for (const name of found.map((ticks) => markName(prefix, ticks))) {
    if (name !== own) await removeExceeded(disk, `${directory}/${name}`);
  }
}

/**
 * Marks of all scopes; a file that cannot be understood is an error, since leaving it out could serve what an
 * operator forbade.
 */
export async function readScopeMarks(disk: Disk): Promise<readonly Mark[]> {
  for (let look = 1; look <= LOOKS_MAX; look += 1) {
    const marks = new Map<string, Mark>();
    let vanished = false;
    for (const name of await markNames(disk, SCOPE_MARKS)) {
      const text = await disk.readText(`${SCOPE_MARKS}/${name}`);
      // Removed since it was listed, hence exceeded by a newer one, which only a new listing shows.
      if (text === null) vanished = true;
      else addMark(marks, readScopeMark(name, text));
    }
    if (!vanished) return [...marks.values()];
  }
  throw new ParqueueError('PQ_STORE_IO', `${SCOPE_MARKS}/ changed during each of ${LOOKS_MAX} looks at it: ask again`, {
    details: { operation: 'readdir', path: SCOPE_MARKS, errno: null },
  });
}

function readScopeMark(name: string, text: string): Mark {
  const path = `${SCOPE_MARKS}/${name}`;
  const { data } = markSchema.safeParse(parsed(text));
  const sound =
    data !== undefined && !data.target.startsWith('key:') && markName(markPlace(data.target).prefix, data) === name;
  if (sound) return data;
  throw new ParqueueError(
    'PQ_STORE_IO',
    `${path} is damaged: restore it, or remove it and invalidate its scope again`,
    {
      details: { operation: 'read', path, errno: null },
      retryable: false,
    },
  );
}

function addMark(marks: Map<string, Mark>, mark: Mark): void {
  marks.set(mark.target, { target: mark.target, ...highest([mark, marks.get(mark.target) ?? mark]) });
}

/**
 * Names of marks in a directory while others add and remove: a listing that takes several calls to the kernel may miss
 * both a new file and the older one it replaced. But the new one was there before the old one went, so the next
 * listing has it. Hence all names of all looks count, since a mark once seen was raised, and a look that adds nothing
 * is the last.
 */
async function markNames(disk: Disk, directory: string, first?: readonly string[]): Promise<readonly string[]> {
  const names = new Set<string>();
  for (let look = 1; look <= LOOKS_MAX; look += 1) {
    const known = names.size;
    for (const name of (look === 1 ? first : null) ?? (await disk.list(directory))) {
      if (markOfName(name) !== null) names.add(name);
    }
    if (look > 1 && names.size === known) break;
  }
  return [...names];
}

function marksNamed(prefix: string, names: readonly string[]): readonly MarkTicks[] {
  return names.map(markOfName).flatMap((mark) => (mark?.prefix === prefix ? [mark.ticks] : []));
}

function highest(marks: readonly MarkTicks[]): MarkTicks {
  return { hard: Math.max(...marks.map(({ hard }) => hard)), purge: Math.max(...marks.map(({ purge }) => purge)) };
}

async function removeExceeded(disk: Disk, path: string): Promise<void> {
  try {
    await disk.files.unlink(disk.absolute(path));
  } catch (error) {
    if (!isMissing(error)) throw refusal('unlink', path, error);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
