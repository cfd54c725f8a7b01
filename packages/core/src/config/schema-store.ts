/** The shape of what the configuration says of the store, and of a dataset's share of it. */
import * as z from 'zod';
import { duration, fileMode, mapping, positive, size, text } from './schema-values.ts';

export const storeSchema = z
  .strictObject(
    {
      root: text('the folder of the store')
        .prefault('./var/store')
        .describe("Folder of the cache, on the filesystem all hosts share. Relative to this file's folder."),
      quota: size
        .optional()
        .describe('Bytes the store may hold. Collections leave a tenth of it free; loads are refused beyond it.'),
      reserve: size
        .optional()
        .describe('Free bytes of the filesystem that are left alone. Default: a hundredth of it, 1GiB at most.'),
      retention: z
        .strictObject(
          {
            generations: positive.prefault(3).describe('Generations kept per entry, the current one included.'),
            maxAge: duration
              .prefault('7d')
              .describe('Generations replaced longer ago than this are removed, however few there are.'),
            grace: duration.prefault('10m').describe('A replaced generation stays readable at least this long.'),
            unread: duration
              .optional()
              .describe('An entry that nobody read and nothing loaded for so long is removed. Default: never.'),
          },
          mapping,
        )
        .prefault({})
        .describe('When generations are removed.'),
      fileMode: fileMode.prefault('0640').describe('Permission bits of published files, octal, in quotes.'),
    },
    mapping,
  )
  .prefault({})
  .describe('Where generations are kept, how much and for how long.');

export const datasetStoreSchema = z.strictObject(
  {
    quota: size.optional().describe('Bytes that its entries may hold together, of the quota of the store.'),
    retention: z
      .strictObject(
        {
          generations: positive.optional().describe("Generations kept per entry. Default: the store's."),
          maxAge: duration.optional().describe("Age that ends replaced generations. Default: the store's."),
        },
        mapping,
      )
      .prefault({})
      .describe('When replaced generations of its entries are removed.'),
  },
  mapping,
);

export type DatasetStoreInput = z.output<typeof datasetStoreSchema>;
