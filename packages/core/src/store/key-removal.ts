/**
 * Removes the directory of a key in which nothing is, marks included (I6, I11). Any process may begin a fill in it at any
 * moment, or raise a mark; only empty directories are removed, so what they put there stays.
 *
 * A mark forbids generations of fills that began before it. A fill's staging directory stands from before its snapshot until
 * it is renamed to the generation (materialize.ts). So once `staging` is gone, and no generation is there *afterwards*, whatever
 * is published later has rows of later: a mark that was there *before* forbids nothing any more. One raised since has a
 * name of its own, and keeps the directory.
 */
import { fenceOfGenerationName } from '../model/generation.ts';
import type { Disk } from './disk.ts';
import { STAGING, keyDirectory, markOfName, markPlace } from './layout.ts';
import { errnoOf, isMissing, refusal } from './refusals.ts';

const IN_USE: ReadonlySet<string> = new Set(['ENOTEMPTY', 'EEXIST', 'EBUSY']);

/** @returns whether it went */
export async function removeEmptyKey(disk: Disk, key: string): Promise<boolean> {
  const directory = keyDirectory(key);
  const { prefix } = markPlace(`key:${key}`);
  const names = async (): Promise<readonly string[]> => (await disk.list(directory)).filter((name) => name !== STAGING);
  const isMark = (name: string): boolean => fenceOfGenerationName(name) === null && markOfName(name)?.prefix === prefix;
  try {
    const marks = await names();
    if (!marks.every(isMark)) return false;
    if (!(await removeEmpty(disk, `${directory}/${STAGING}`))) return false;
    if ((await names()).some((name) => !marks.includes(name))) return false;
    for (const name of marks) await disk.remove(`${directory}/${name}`);
    return await removeEmpty(disk, directory);
  } catch (error) {
    // Another collection was quicker.
    if (error instanceof Error && isMissing(error.cause)) return false;
    throw error;
  }
}

/** @returns whether it is gone: nothing was in it */
async function removeEmpty(disk: Disk, path: string): Promise<boolean> {
  try {
    await disk.files.rmdir(disk.absolute(path));
    return true;
  } catch (error) {
    if (isMissing(error)) return true;
    if (IN_USE.has(errnoOf(error) ?? '')) return false;
    throw refusal('rmdir', path, error);
  }
}
