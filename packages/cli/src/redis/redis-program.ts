/** Finding a Redis program the way a shell would. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['redis-server', 'valkey-server'] as const;

/** Absolute path of the first Redis program on this PATH, or null. */
export function findRedisProgram(path: string): string | null {
  for (const name of NAMES) {
    for (const directory of path.split(delimiter)) {
      const candidate = join(directory, name);
      if (directory !== '' && isExecutable(candidate)) return candidate;
    }
  }
  return null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Absent or not for us to run: the next directory.
    return false;
  }
}
