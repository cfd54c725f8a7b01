/** Epoch numbers are claimed on the store, where Redis cannot forget them: one directory each, made exclusively (I11). */
import { assertInvariant } from '../model/errors.ts';
import type { EpochStore } from '../ports/epochs.ts';
import type { Disk } from './disk.ts';
import { EPOCHS } from './layout.ts';
import { readScopeMarks } from './marks.ts';

export function epochClaims(disk: Disk, storeId: string): EpochStore {
  return {
    storeId,

    async latest() {
      const numbers = (await disk.list(EPOCHS)).filter((name) => /^[1-9][0-9]{0,6}$/.test(name)).map(Number);
      return Math.max(0, ...numbers);
    },

    /**
     * mkdir has one winner, on NFS too. A claim whose reply was lost comes back as "somebody else has it": the number
     * is wasted and the next one is claimed, which is harmless, where the opposite mistake would give two epochs one
     * clock. Durable before it counts, or a crash would hand the number out again.
     */
    async claim(epoch) {
      assertInvariant(Number.isSafeInteger(epoch) && epoch >= 1, 'epochs are numbered from 1');
      const made = await disk.makeDirectory(`${EPOCHS}/${epoch}`);
      await disk.syncDirectory(EPOCHS);
      return made;
    },

    scopeMarks: () => readScopeMarks(disk),
  };
}
