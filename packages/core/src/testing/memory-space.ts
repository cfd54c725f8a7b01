/** The space of a store in memory: what its parts take of a filesystem that nobody else uses. */
import type { StoreSpace } from '../ports/store.ts';
import type { MemoryDirectory } from './memory-directory.ts';
import type { MemoryOperation } from './memory-operations.ts';

export interface MemorySpaceParts {
  readonly begin: (name: MemoryOperation, details: Readonly<Record<string, unknown>>) => Promise<void>;
  readonly capacityBytes: () => number;
  readonly all: () => readonly MemoryDirectory[];
  readonly staged: (ref: Parameters<StoreSpace['stagedBytes']>[0]) => MemoryDirectory | undefined;
  readonly published: (key: string, fence: number) => MemoryDirectory | undefined;
}

/** The capacity is not enforced: whoever writes asks before. */
export function memorySpace({ begin, capacityBytes, all, staged, published }: MemorySpaceParts): StoreSpace {
  return {
    free: async () => {
      await begin('free', {});
      const taken = all().reduce((sum, { part }) => sum + (part?.bytes ?? 0), 0);
      return { freeBytes: Math.max(0, capacityBytes() - taken), totalBytes: capacityBytes() };
    },
    stagedBytes: async (ref) => {
      await begin('stagedBytes', { ...ref });
      return staged(ref)?.part?.bytes ?? 0;
    },
    generationBytes: async ({ key, fence }) => {
      await begin('generationBytes', { key, fence });
      return published(key, fence)?.part?.bytes ?? 0;
    },
  };
}
