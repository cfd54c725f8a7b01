/**
 * The Python readers that the suite in test/readers reads with: a virtual environment in var/readers with the packages of
 * test/readers/requirements.txt. For tests only, and nothing else needs it: where there is no Python, or no package index
 * can be reached, it says so, and that suite is skipped.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aptInstall, mayInstall, root, SetupError, step } from './setup.mjs';

const PYTHON_AT_LEAST = [3, 11];
const home = join(root, 'var', 'readers');
const requirements = join(root, 'test', 'readers', 'requirements.txt');
const stamp = join(home, '.parqueue-setup');

export async function provideReaders() {
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  try {
    const python = await providePython();
    if (python === null) return;
    rmSync(home, { recursive: true, force: true });
    await step('making an environment for Python readers', python, ['-m', 'venv', home], { quietUnlessSlow: true });
    const install = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--only-binary', ':all:', '--retries', '1'];
    const own = join(home, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
    await step('installing Python readers (pip install)', own, [...install, '-r', requirements]);
    writeFileSync(stamp, wanted);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`${error.message}\nGoing on without the Python readers: their suite (test/readers) is skipped.`);
  }
}

/** A Python that can make environments; Debian has that in a package of its own. */
async function providePython() {
  if (pythonOf() === null && mayInstall()) await aptInstall('Python', ['python3', 'python3-venv']);
  const python = pythonOf();
  if (python === null) {
    console.log(
      `• no Python ${PYTHON_AT_LEAST.join('.')} or newer with venv on PATH: the suite of Python readers is skipped`,
    );
  }
  return python;
}

function pythonOf() {
  const able = `import sys, venv, ensurepip; sys.exit(sys.version_info < (${PYTHON_AT_LEAST.join(', ')}))`;
  const usable = (name) => spawnSync(name, ['-c', able], { stdio: 'ignore' }).status === 0;
  return ['python3', 'python'].find(usable) ?? null;
}
