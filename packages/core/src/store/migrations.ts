/**
 * The steps from one store format to the next. A step changes whole files, each by a replacement that depends on that
 * file's content alone and leaves alone what is in the new form already. So it may be repeated, begun again in the
 * middle, and even run twice at once, without harm: the claim in migrate.ts saves work, it does not protect anything.
 *
 * Processes of the release before may work beside a step that leaves `needs` alone, and may write what it has just
 * changed in its old form again: readers of this release must take both forms.
 */
import * as z from 'zod';
import type { Disk } from './disk.ts';
import { headFile, partInKey } from './layout.ts';
import type { Migration } from './migrate.ts';

export const MIGRATIONS: readonly Migration[] = [
  { to: 2, needs: 1, what: 'head.json names the file of its rows', migrateKey: nameFileInHead },
];

const headSchema = z.looseObject({ key: z.string(), fence: z.number().int().nonnegative() });

/**
 * Format 1 told path readers the fence and left them to know how a directory is named. A commit that overtakes this
 * between read and replacement is put back by one: head.json is a hint that two writers may always overtake each other
 * in, and gc rewrites it before it removes what it names.
 */
async function nameFileInHead(disk: Disk, key: string): Promise<boolean> {
  const text = await disk.readText(headFile(key));
  const head = text === null ? undefined : headSchema.safeParse(parsed(text)).data;
  if (head === undefined || head.key !== key || 'file' in head) return false;
  await disk.replace(headFile(key), `${JSON.stringify({ ...head, file: partInKey(head.fence) })}\n`);
  return true;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
