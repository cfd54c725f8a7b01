/**
 * kustomize, which renders infra/k8s, in var/tools: built by Go from the module of this very release, whose sum Go checks.
 * For tests only. Where there is no Go, or it cannot build, nothing is wrong: it says so, and the tests of rendered
 * overlays are skipped.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { root, SetupError, step } from './setup.mjs';

const RELEASE = 'v5.7.1';
/** What that release asks for. */
const GO_AT_LEAST = [1, 22];
const tools = join(root, 'var', 'tools');

/** Named by its release, so that another one is built when this file says so. */
export const kustomize = join(tools, `kustomize-${RELEASE}`);

export async function provideKustomize() {
  if (process.platform === 'win32' || existsSync(kustomize)) return;
  if (!goIsThere()) {
    console.log(
      `• no Go ${GO_AT_LEAST.join('.')} or newer on PATH: the Kubernetes overlays are not rendered, and their tests skipped`,
    );
    return;
  }
  try {
    const module = `sigs.k8s.io/kustomize/kustomize/v5@${RELEASE}`;
    const env = { ...process.env, GOBIN: tools, GOFLAGS: '-trimpath' };
    await step('building kustomize (go install)', 'go', ['install', module], { env });
    renameSync(join(tools, 'kustomize'), kustomize);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`${error.message}\nThe Kubernetes overlays are not rendered, and their tests skipped.`);
  }
}

function goIsThere() {
  const { status, stdout } = spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' });
  if (status !== 0) return false;
  const [major = 0, minor = 0] = stdout.replace(/^go/, '').split('.').map(Number);
  return major > GO_AT_LEAST[0] || (major === GO_AT_LEAST[0] && minor >= GO_AT_LEAST[1]);
}
