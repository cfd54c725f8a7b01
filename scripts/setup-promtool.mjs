/**
 * Prometheus' own tool, with which the tests check metrics, alert rules and their tests: taken out of Debian's package into
 * var/promtool, because installing the package would set up a service and its user. For tests only: where it is neither on
 * PATH nor to be had, it says so, and those tests are skipped.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mayInstall, onPath, root, SetupError, step } from './setup.mjs';

const home = join(root, 'var', 'promtool');
const unpacked = join(home, 'usr', 'bin', 'promtool');

export async function providePromtool() {
  if (promtoolPath() !== null) return;
  if (!mayInstall()) {
    console.log(
      '• no promtool on PATH: the tests of metrics and alerts that need it are skipped. To have them: install Prometheus (apt-get install prometheus, brew install prometheus)',
    );
    return;
  }
  try {
    await unpack();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`${error.message}\nGoing on without promtool: the tests that need it are skipped.`);
  }
}

export function promtoolPath() {
  return onPath('promtool') ?? (existsSync(unpacked) ? unpacked : null);
}

/** One file of the package, and not the server beside it. */
const UNPACK =
  'cd "$1" && apt-get download -q prometheus && dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x -C "$2" ./usr/bin/promtool';

async function unpack() {
  const scratch = mkdtempSync(join(tmpdir(), 'parqueue-promtool-'));
  try {
    mkdirSync(home, { recursive: true });
    await step('updating the package list (apt-get update)', 'apt-get', ['update', '-q']);
    await step('taking promtool out of the package prometheus', 'sh', ['-c', UNPACK, 'sh', scratch, home]);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
