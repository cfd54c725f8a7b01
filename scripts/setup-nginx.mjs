/**
 * nginx, whose sendfile the bench compares reading with: taken out of Debian's package into var/nginx, because installing the package
 * would set up a service and its user. For `npm run bench` only: where it is neither on PATH nor to be had, that comparison
 * is left out, and says so.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mayInstall, onPath, root, SetupError, step } from './setup.mjs';

const home = join(root, 'var', 'nginx');
const unpacked = join(home, 'usr', 'sbin', 'nginx');

export async function provideNginx() {
  if (nginxPath() !== null) return;
  if (!mayInstall()) {
    console.log(
      '• no nginx on PATH: warm reads are measured without it. To have it: install nginx (apt-get install nginx-light, brew install nginx)',
    );
    return;
  }
  try {
    await unpack();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`${error.message}\nGoing on without nginx: warm reads are measured without it.`);
  }
}

export function nginxPath() {
  return onPath('nginx') ?? (existsSync(unpacked) ? unpacked : null);
}

/** The program alone: its configuration is the bench's own. */
const UNPACK =
  'cd "$1" && apt-get download -q nginx && dpkg-deb --fsys-tarfile nginx_*.deb | tar -x -C "$2" ./usr/sbin/nginx';

async function unpack() {
  const scratch = mkdtempSync(join(tmpdir(), 'parqueue-nginx-'));
  try {
    mkdirSync(home, { recursive: true });
    await step('updating the package list (apt-get update)', 'apt-get', ['update', '-q']);
    await step('taking nginx out of its package', 'sh', ['-c', UNPACK, 'sh', scratch, home]);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
