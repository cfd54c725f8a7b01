/**
 * Python for the suites that need one, in a virtual environment in var/python: what the readers of test/readers read with,
 * and what the client in clients/python is tested with. For tests only, and nothing else needs it: where there is no
 * Python, or no package index can be reached, it says so, and those suites are skipped.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aptInstall, mayInstall, root, SetupError, step } from './setup.mjs';

const PYTHON_AT_LEAST = [3, 11];
const home = join(root, 'var', 'python');
const requirements = [
  join(root, 'test', 'readers', 'requirements.txt'),
  join(root, 'clients', 'python', 'requirements-test.txt'),
];
const stamp = join(home, '.parqueue-setup');
export const python = join(home, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');

/** @returns whether it is there */
export async function providePython() {
  const hash = createHash('sha256');
  for (const path of requirements) hash.update(readFileSync(path));
  const wanted = hash.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return true;
  try {
    const found = await findPython();
    if (found === null) return false;
    rmSync(home, { recursive: true, force: true });
    await step('making an environment for Python', found, ['-m', 'venv', home], { quietUnlessSlow: true });
    const install = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--only-binary', ':all:', '--retries', '1'];
    const files = requirements.flatMap((path) => ['-r', path]);
    await step('installing Python packages (pip install)', python, [...install, ...files]);
    writeFileSync(stamp, wanted);
    return true;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`${error.message}\nGoing on without Python packages: test/readers and test/python are skipped.`);
    return false;
  }
}

/** A Python that can make environments; Debian has that in a package of its own. */
async function findPython() {
  if (pythonOf() === null && mayInstall()) await aptInstall('Python', ['python3', 'python3-venv']);
  const python = pythonOf();
  if (python === null) {
    console.log(
      `• no Python ${PYTHON_AT_LEAST.join('.')} or newer with venv on PATH: test/readers and test/python are skipped`,
    );
  }
  return python;
}

function pythonOf() {
  const able = `import sys, venv, ensurepip; sys.exit(sys.version_info < (${PYTHON_AT_LEAST.join(', ')}))`;
  const usable = (name) => spawnSync(name, ['-c', able], { stdio: 'ignore' }).status === 0;
  return ['python3', 'python'].find(usable) ?? null;
}
