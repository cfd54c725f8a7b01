/** The Python of the suites that need one, and its packages: what scripts/setup-python.mjs made. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const home = join(root, 'var', 'python');
export const python = join(home, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');

/** Without Python or a package index there are none, and the suites say so. */
export const hasPython = existsSync(join(home, '.parqueue-setup'));
