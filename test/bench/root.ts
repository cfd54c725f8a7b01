/** The repository, seen from a source and from its built output alike. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

function rootAbove(folder: string): string {
  if (existsSync(join(folder, 'package-lock.json'))) return folder;
  const above = dirname(folder);
  if (above === folder) throw new Error('the repository was not found: no package-lock.json above');
  return rootAbove(above);
}

export const ROOT = rootAbove(import.meta.dirname);
/** What programs run from. */
export const BUILT = join(ROOT, 'test/dist/bench');
