/**
 * Two hosts of one store on a real NFS mount: kernel nfsd and two kernel clients with caches of their own. The lab boots
 * once; each kind of mount gets a store of its own. The short form mounts v4.2 and, for the contract, v3 beside it, both by default
 * options, and leaves out three stories that take long; `npm run nfs` tries all on each of the mounts in PARQUEUE_NFS_MOUNTS, and fails
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
/** How it is mounted for the servers and the path readers, and how for the contract. */
const mounts = isLong
  ? wanted.split(';').map((mount) => ({ mount, contract: mount }))
  : [{ mount: 'vers=4.2', contract: 'vers=3,nolock' }];

/** Of the long form; each twelfth has a crash of the server besides. */
const wantedChanges = Number(process.env['PARQUEUE_NFS_CHANGES'] ?? 60);
/** The long form cuts a link for longer than the client's own timeout for a call (a minute). */
const [changes, crashes, cutMs] = isLong ? [wantedChanges, Math.ceil(wantedChanges / 12), 75_000] : [3, 1, 0];

let lab: NfsLab;
let stage: Stage;
let opening: Promise<void> | null = null;
let contracts = 0;

/** Begun as early as may be: they take long to start in a guest, and not much of it while they do. */
async function openStage(): Promise<void> {
  if (opening === null) {
    stage = new Stage(lab);
    opening = stage.open();
    // Whoever waits for it hears of it.
    opening.catch(() => undefined);
  }
  await opening;
}

describe.skipIf(reason !== null)(`two hosts on NFS${reason === null ? '' : `: ${reason}`}`, () => {
  beforeAll(async () => {
    lab = await NfsLab.up();
  }, 300_000);
  afterAll(async () => {
    await lab[Symbol.asyncDispose]();
  });

  describe.each(mounts)('$mount', ({ mount, contract }) => {
    beforeAll(async () => {
      await lab.mount(mount);
    }, 300_000);

    // They have the epoch for themselves.
    describe('path readers', () => pathReaders(() => lab, isLong));

    describe(`the store on ${contract}, written on one host and read on the other, keeps the contract`, () => {
      let root: string;
      beforeAll(async () => {
        root = contract === mount ? lab.root : await lab.mountBeside(contract);
        openStage().catch(() => undefined);
      }, 300_000);
      storeContract({ describe, test }, () => openOnTwoHosts(lab, root, (contracts += 1)));
    });

    describe('the API on one host, the worker on the other', () => {
      beforeAll(openStage, 300_000);
      afterAll(async () => {
        opening = null;
        await stage.stop();
      });
      twoHosts(() => ({ lab, stage, changes }), isLong);
      faults(() => ({ lab, stage, crashes, cutMs }), isLong);
    });
  });
});
