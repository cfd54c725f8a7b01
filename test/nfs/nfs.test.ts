/**
 * Two hosts of one store on a real NFS mount: kernel nfsd and two kernel clients with caches of their own. The lab boots
 * once; each kind of mount gets a store of its own. The short form mounts by default options, tries each story on one of the two
 * versions, and leaves out three that take long; `npm run nfs` tries all on each of the mounts in PARQUEUE_NFS_MOUNTS, and fails
 * where the lab cannot run.
 */
import { storeContract } from '@parqueue/core/testing';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { faults } from './faults.ts';
import { NfsLab, whyNoLab } from './nfs-lab.ts';
import { pathReaders } from './path-readers.ts';
import { Stage } from './stage.ts';
import { openOnTwoHosts } from './store-on-two-hosts.ts';
import { twoHosts } from './two-hosts.ts';

const wanted = process.env['PARQUEUE_NFS_MOUNTS'];
const reason = whyNoLab();
if (wanted !== undefined && reason !== null) throw new Error(reason);
const isLong = wanted !== undefined;
const mounts = (wanted ?? 'vers=4.2;vers=3,nolock').split(';');
/** The servers take long to start in a guest, and the contract has many claims. */
const isTried = (story: 'readers' | 'contract' | 'servers', mount: string): boolean =>
  isLong || mount.includes('vers=3') === (story === 'contract');

/** The long form cuts a link for longer than the client's own timeout for a call (a minute). */
const [changes, crashes, cutMs] = isLong ? [60, 5, 75_000] : [3, 1, 0];

let lab: NfsLab;
let stage: Stage;
let contracts = 0;

describe.skipIf(reason !== null)(`two hosts on NFS${reason === null ? '' : `: ${reason}`}`, () => {
  beforeAll(async () => {
    lab = await NfsLab.up();
  }, 300_000);
  afterAll(async () => {
    await lab[Symbol.asyncDispose]();
  });

  describe.each(mounts)('%s', (mount) => {
    beforeAll(async () => {
      await lab.mount(mount);
    }, 300_000);

    describe.runIf(isTried('readers', mount))('path readers', () => pathReaders(() => lab, isLong));
    describe.runIf(isTried('contract', mount))(
      'the store, written on one host and read on the other, keeps the contract',
      () => {
        storeContract({ describe, test }, () => openOnTwoHosts(lab, (contracts += 1)));
      },
    );
    describe.runIf(isTried('servers', mount))('the API on one host, the worker on the other', () => {
      beforeAll(async () => {
        stage = new Stage(lab);
        await stage.open();
      }, 300_000);
      afterAll(async () => {
        await stage.stop();
      });
      twoHosts(() => ({ lab, stage, changes }), isLong);
      faults(() => ({ lab, stage, crashes, cutMs }), isLong);
    });
  });
});
