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
import type { Mark } from '../ports/coordination.ts';
import type { HeadFile, StoreMarks } from '../ports/store.ts';
import type { Disk } from './disk.ts';
import type { KeyFolders } from './key-folders.ts';
import { SCOPE_MARKS, headFile, markName, markOfName, markPlace, type MarkTicks } from './layout.ts';
import { isMissing, refusal } from './refusals.ts';

/** Looks at a directory that changes under them give up after this many times; each needs a raise in between. */
const LOOKS_MAX = 20;

const tick = z.number().int().nonnegative();
const headSchema = z.object({
  key: z.string(), fence: tick, version: z.string(), sha256: z.string(), verified: tick, verifiedAtMs: z.number(),
  startedAtMs: z.number().exactOptional(),
});
const markSchema = z.object({ target: z.string().min(1), hard: tick, purge: tick });

export function storeMarks(disk: Disk, folders: KeyFolders): StoreMarks {
  return {
    /** Null also for a file that makes no sense: a hint that says nothing. */
    async readHead(key): Promise<HeadFile | null> {
      const text = await disk.readText(headFile(key));
      return text === null ? null : headSchema.safeParse(parsed(text)).data ?? null;
    },

    async writeHead(head) {
      await folders.make(head.key);
      await disk.replace(headFile(head.key), `${JSON.stringify(head)}\n`);
    },

    async readMark(key) {
      const target = `key:${key}`;
      const { directory, prefix } = markPlace(target);
      await folders.make(key);
      const present = marksNamed(prefix, await stableNames(disk, directory));
      return present.length === 0 ? null : { target, ...highest(present) };
    },

    async raiseMark({ target, hard, purge }) {
      const { directory, prefix } = markPlace(target);
      if (directory !== SCOPE_MARKS) await folders.make(target.slice('key:'.length));
      const found = marksNamed(prefix, await stableNames(disk, directory));
      // `hard` is never below `purge`. The new file holds the maximum of all, so that it exceeds whatever was found.
      const raised = highest([...found, { hard: Math.max(hard, purge), purge }]);
      const own = markName(prefix, raised);
      // Written even where a file of this name is there: it says the same, and its writer may not have fsynced it yet.
      await disk.replace(`${directory}/${own}`, `${JSON.stringify({ target, ...raised })}\n`);
      for (const name of found.map((ticks) => markName(prefix, ticks))) {
        if (name !== own) await removeExceeded(disk, `${directory}/${name}`);
      }
    },
  };
}

/**
 * Marks of all scopes; a file that cannot be understood is an error, since leaving it out could serve what an
 * operator forbade.
 */
export async function readScopeMarks(disk: Disk): Promise<readonly Mark[]> {
  for (let look = 1; look <= LOOKS_MAX; look += 1) {
    const marks = new Map<string, Mark>();
    let vanished = false;
    for (const name of await stableNames(disk, SCOPE_MARKS)) {
      if (markOfName(name) === null) continue;
      const text = await disk.readText(`${SCOPE_MARKS}/${name}`);
      // Removed since it was listed, hence exceeded by a newer one, which only a new listing shows.
      if (text === null) vanished = true;
      else addMark(marks, readScopeMark(name, text));
    }
    if (!vanished) return [...marks.values()];
  }
  throw busy(SCOPE_MARKS);
}

function readScopeMark(name: string, text: string): Mark {
  const path = `${SCOPE_MARKS}/${name}`;
  const { data } = markSchema.safeParse(parsed(text));
  const sound = data !== undefined && markName(markPlace(data.target).prefix, data) === name;
  if (sound) return data;
  throw new ParqueueError('PQ_STORE_IO', `${path} is damaged: restore it, or remove it and invalidate its scope again`, {
    details: { operation: 'read', path, errno: null }, retryable: false,
  });
}

function addMark(marks: Map<string, Mark>, mark: Mark): void {
  marks.set(mark.target, { target: mark.target, ...highest([mark, marks.get(mark.target) ?? mark]) });
}

/**
 * Names in a directory while others add and remove: a listing that takes several calls to the kernel may miss both a
 * new file and the older one that it replaced. Two equal listings in a row had no such change between them.
 */
async function stableNames(disk: Disk, directory: string): Promise<readonly string[]> {
  let before: string | null = null;
  for (let look = 1; look <= LOOKS_MAX; look += 1) {
    const names = (await disk.list(directory)).filter((name) => markOfName(name) !== null).toSorted();
    const now = names.join('/');
    if (now === before) return names;
    before = now;
  }
  throw busy(directory);
}

function marksNamed(prefix: string, names: readonly string[]): readonly MarkTicks[] {
  return names.map(markOfName).filter((mark) => mark?.prefix === prefix).map((mark) => mark?.ticks ?? { hard: 0, purge: 0 });
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

function busy(path: string): ParqueueError {
  return new ParqueueError('PQ_STORE_IO', `${path} changed during each of ${LOOKS_MAX} looks at it: ask again`, {
    details: { operation: 'readdir', path, errno: null },
  });
}
