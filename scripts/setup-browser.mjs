/**
 * The browser that the tests of the page and its pictures look through (test/explorer): Debian's `chromium` is installed as
 * root on Debian or Ubuntu, elsewhere the command is told; CHROMIUM_PATH names one to use instead.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { aptInstall, mayInstall, root, SetupError } from './setup.mjs';

/** With letters: a machine without any font draws boxes. */
const DEBIAN = ['chromium', 'fonts-dejavu-core'];

/** @throws SetupError where there is none and none may be installed */
export async function provideBrowser() {
  const { chromiumPath } = await import(pathToFileURL(join(root, 'test', 'dist', 'explorer', 'chromium.js')).href);
  if (chromiumPath() === null && mayInstall()) await aptInstall('Chromium', DEBIAN);
  if (chromiumPath() !== null) return;
  throw new SetupError(
    `the page is tested in a real Chromium and none was found. Run: ${command()}\nOr name one in CHROMIUM_PATH.`,
  );
}

function command(platform = process.platform) {
  if (platform === 'darwin') return 'brew install --cask chromium';
  if (existsSync('/etc/debian_version')) return 'sudo apt-get install chromium';
  if (existsSync('/etc/redhat-release')) return 'sudo dnf install chromium';
  if (existsSync('/etc/alpine-release')) return 'apk add chromium';
  return 'install Chromium or Chrome';
}
