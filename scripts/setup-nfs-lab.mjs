/**
 * The programs of infra/nfs-lab, for the tests that run on a real NFS mount. Where the machine cannot run the lab, or
 * installing fails, nothing is wrong: those tests say why they are skipped.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, SetupError, step } from './setup.mjs';

const LAB = join(root, 'infra', 'nfs-lab', 'nfs-lab.sh');

export async function provideNfsLab() {
  if (process.platform !== 'linux') return;
  const { status, stderr } = spawnSync(LAB, ['check'], { encoding: 'utf8' });
  if (status === 0 || !stderr.includes('its programs are missing')) return;
  try {
    await step('installing the NFS lab (User-Mode Linux, nfs-common)', LAB, ['install']);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`${error.message}\nThe tests on NFS will be skipped.`);
  }
}
