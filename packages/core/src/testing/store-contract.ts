/**
 * What every store must do (I4, I5, I6, I11), as claims that run on the memory store and on a filesystem alike. The
 * test runner is passed in, so that this module needs none: `storeContract({ describe, test }, openSubject)`.
 */
import assert from 'node:assert/strict';
import { shardOf } from '../model/cache-key.ts';
import type { EpochStore } from '../ports/epochs.ts';
import type { GenerationReader, GenerationWriter, KeyDirectories, StoreMarks, StoreSpace } from '../ports/store.ts';
import type { Corruption } from './memory-store.ts';
import { claimsOfSpace } from './store-space-contract.ts';
import { KEY, OTHER_KEY, publishGeneration, stageGeneration } from './store-fixtures.ts';

export interface StoreSubject extends AsyncDisposable {
  readonly storeId: string;
  readonly writer: GenerationWriter;
  readonly reader: GenerationReader;
  readonly directories: KeyDirectories;
  readonly marks: StoreMarks;
  readonly space: StoreSpace;
  readonly epochs: EpochStore;
  writePart(partPath: string, text: string): Promise<void>;
  corruptPart(key: string, fence: number, how: Corruption): Promise<void>;
  dropPart(key: string, fence: number): Promise<void>;
  dropManifest(key: string, fence: number): Promise<void>;
  corruptManifest(key: string, fence: number): Promise<void>;
}

export interface TestRunner {
  readonly describe: (name: string, body: () => void) => void;
  readonly test: (name: string, body: () => Promise<void>) => void;
}

type OpenSubject = () => Promise<StoreSubject>;
type Claim = (name: string, body: (store: StoreSubject) => Promise<void>) => void;

export function storeContract({ describe, test }: TestRunner, openSubject: OpenSubject): void {
  const claim: Claim = (name, body) => {
    test(name, async () => {
      await using store = await openSubject();
      await body(store);
    });
  };
  describe('publishing', () => claimsOfPublishing(claim));
  describe('judging', () => claimsOfJudging(claim));
  describe('directories', () => claimsOfDirectories(claim));
  describe('space', () => claimsOfSpace(claim));
  describe('marks', () => claimsOfMarks(claim));
  describe('heads and epochs', () => claimsOfHeadsAndEpochs(claim));
}

const refusedAs =
  (code: string) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof Error && 'code' in error, String(error));
    assert.equal(error.code, code);
    return true;
  };

function claimsOfPublishing(claim: Claim): void {
  claim('a generation is absent until it is published, then whole', async (store) => {
    const { writer, reader } = store;
    const seen: string[] = [];
    const look = async (): Promise<void> => void seen.push((await reader.inspect(KEY, 5)).kind);
    const { staging } = await stageGeneration(store, { key: KEY, fence: 5, fillId: 'f5' }, look);
    await look();
    assert.deepEqual((await store.directories.list(KEY)).generations, []);
    await writer.publish(staging);
    await look();
    assert.deepEqual(seen, ['absent', 'absent', 'absent', 'absent', 'whole']);
    assert.deepEqual(await store.directories.list(KEY), { generations: [5], staging: [] });
  });

  claim('publishing again under the same fillId succeeds and changes nothing', async (store) => {
    const { staging, manifest } = await publishGeneration(store, { key: KEY, fence: 5, fillId: 'f5' });
    await store.writer.publish(staging);
    assert.deepEqual(await store.reader.verify(KEY, 5), { kind: 'whole', manifest });
  });

  claim('publishing onto a generation of another fill is refused and leaves it whole', async (store) => {
    const { manifest } = await publishGeneration(store, { key: KEY, fence: 5, fillId: 'first' });
    const second = await stageGeneration(store, { key: KEY, fence: 5, fillId: 'second', text: 'other rows' });
    await assert.rejects(store.writer.publish(second.staging), refusedAs('PQ_STORE_IO'));
    assert.deepEqual(await store.reader.verify(KEY, 5), { kind: 'whole', manifest });
  });

  claim('a staging directory is made once', async (store) => {
    await store.writer.stage(KEY, 5, 'f5');
    await assert.rejects(store.writer.stage(KEY, 5, 'f5'), refusedAs('PQ_STORE_IO'));
  });

  claim('two fills of one key stage side by side', async (store) => {
    const older = await stageGeneration(store, { key: KEY, fence: 5, fillId: 'f5' });
    const newer = await stageGeneration(store, { key: KEY, fence: 6, fillId: 'f6' });
    await store.writer.publish(newer.staging);
    await store.writer.publish(older.staging);
    assert.deepEqual((await store.directories.list(KEY)).generations, [5, 6]);
  });

  claim('a fill whose staging was moved to trash can neither seal nor publish', async (store) => {
    const early = await store.writer.stage(KEY, 5, 'f5');
    await store.writePart(early.partPath, 'rows');
    await store.directories.moveToTrash({ key: KEY, fence: 5, fillId: 'f5' });
    await assert.rejects(store.writer.seal(early), refusedAs('PQ_STORE_IO'));

    const late = await stageGeneration(store, { key: KEY, fence: 6, fillId: 'f6' });
    await store.directories.moveToTrash({ key: KEY, fence: 6, fillId: 'f6' });
    await assert.rejects(store.writer.publish(late.staging), refusedAs('PQ_STORE_IO'));
    assert.equal((await store.reader.inspect(KEY, 6)).kind, 'absent');
  });

  claim('a part that was not written cannot be sealed', async (store) => {
    const staging = await store.writer.stage(KEY, 5, 'f5');
    await assert.rejects(store.writer.seal(staging), refusedAs('PQ_STORE_IO'));
  });

  claim('a discarded staging directory is gone, discarding again is no error', async (store) => {
    const staging = await store.writer.stage(KEY, 5, 'f5');
    await store.writer.discard(staging);
    await store.writer.discard(staging);
    assert.deepEqual((await store.directories.list(KEY)).staging, []);
  });

  claim('discarding after publishing leaves the generation whole', async (store) => {
    const { staging } = await publishGeneration(store, { key: KEY, fence: 5, fillId: 'f5' });
    await store.writer.discard(staging);
    assert.equal((await store.reader.verify(KEY, 5)).kind, 'whole');
  });
}

function claimsOfJudging(claim: Claim): void {
  const judged = (
    name: string,
    harm: (store: StoreSubject) => Promise<void>,
    expected: { readonly inspect: RegExp | 'whole'; readonly verify: RegExp | 'whole' },
  ): void => {
    claim(name, async (store) => {
      await publishGeneration(store, { key: KEY, fence: 5, fillId: 'f5' });
      await harm(store);
      for (const check of ['inspect', 'verify'] as const) {
        const found = await store.reader[check](KEY, 5);
        const wanted = expected[check];
        if (wanted === 'whole') assert.equal(found.kind, 'whole');
        else assert.match(found.kind === 'damaged' ? found.reason : found.kind, wanted);
      }
    });
  };
  const both = (reason: RegExp | 'whole') => ({ inspect: reason, verify: reason });

  judged('an untouched generation is whole', async () => {}, both('whole'));
  judged('a missing manifest is named', (store) => store.dropManifest(KEY, 5), both(/manifest is missing/));
  judged('a changed manifest is named', (store) => store.corruptManifest(KEY, 5), both(/does not match its digest/));
  judged('a missing part is named', (store) => store.dropPart(KEY, 5), both(/part is missing/));
  judged('a truncated part is named', (store) => store.corruptPart(KEY, 5, 'truncate'), both(/bytes|size/));
  judged('a rewritten part is named', (store) => store.corruptPart(KEY, 5, 'rewrite'), both(/does not match its hash/));
  judged(
    'a part with a new time and the same bytes is whole',
    (store) => store.corruptPart(KEY, 5, 'touch'),
    both('whole'),
  );
  judged(
    'a flipped bit under an unchanged time is found by the full check',
    (store) => store.corruptPart(KEY, 5, 'flip'),
    { inspect: 'whole', verify: /does not match its hash/ },
  );

  claim(
    'a part that is distrusted is hashed by the cheap check from then on: damage shows, a whole one stays whole',
    async (store) => {
      await publishGeneration(store, { key: KEY, fence: 5, fillId: 'f5' });
      await publishGeneration(store, { key: KEY, fence: 6, fillId: 'f6' });
      await store.corruptPart(KEY, 5, 'flip');
      for (const fence of [5, 6, 7]) await store.reader.distrust(KEY, fence);
      assert.equal((await store.reader.inspect(KEY, 5)).kind, 'damaged');
      assert.equal((await store.reader.inspect(KEY, 6)).kind, 'whole');
      assert.equal((await store.reader.inspect(KEY, 7)).kind, 'absent');
    },
  );

  claim('what was never there is absent', async (store) => {
    assert.equal((await store.reader.inspect(KEY, 5)).kind, 'absent');
    assert.equal((await store.reader.verify(KEY, 5)).kind, 'absent');
  });

  claim('the path of a part is the same below every root', async (store) => {
    const { relative, absolute } = store.reader.partPath(KEY, 5);
    assert.equal(relative, `entries/${shardOf(KEY)}/${KEY}/g5/part-000.parquet`);
    assert.ok(absolute.endsWith(`/${relative}`));
  });
}

function claimsOfDirectories(claim: Claim): void {
  claim('listing a new key makes its directory and finds nothing', async (store) => {
    assert.deepEqual(await store.directories.keys(shardOf(KEY)), []);
    assert.deepEqual(await store.directories.list(KEY), { generations: [], staging: [] });
    assert.deepEqual(await store.directories.keys(shardOf(KEY)), [KEY]);
  });

  claim('a listing has generations in order of their fences, and staging by name', async (store) => {
    for (const fence of [1_000_000_000_010, 9, 10])
      await publishGeneration(store, { key: KEY, fence, fillId: `f${fence}` });
    await store.writer.stage(KEY, 11, 'in-progress');
    assert.deepEqual(await store.directories.list(KEY), {
      generations: [9, 10, 1_000_000_000_010],
      staging: [{ key: KEY, fence: 11, fillId: 'in-progress' }],
    });
  });

  claim('a shard lists its own keys only', async (store) => {
    await store.directories.list(KEY);
    await store.directories.list(OTHER_KEY);
    assert.notEqual(shardOf(KEY), shardOf(OTHER_KEY));
    assert.deepEqual(await store.directories.keys(shardOf(OTHER_KEY)), [OTHER_KEY]);
  });

  claim('a generation moved to trash is absent, others stay, and the trash counts it once', async (store) => {
    await publishGeneration(store, { key: KEY, fence: 5, fillId: 'f5' });
    await publishGeneration(store, { key: KEY, fence: 6, fillId: 'f6' });
    await store.directories.moveToTrash({ key: KEY, fence: 5 });
    await store.directories.moveToTrash({ key: KEY, fence: 5 });
    assert.equal((await store.reader.inspect(KEY, 5)).kind, 'absent');
    assert.equal((await store.reader.verify(KEY, 6)).kind, 'whole');
    assert.deepEqual((await store.directories.list(KEY)).generations, [6]);
    assert.equal(await store.directories.emptyTrash(), 1);
    assert.equal(await store.directories.emptyTrash(), 0);
  });

  claim('a fence can be used again after its generation went to trash', async (store) => {
    await publishGeneration(store, { key: KEY, fence: 5, fillId: 'f5' });
    await store.directories.moveToTrash({ key: KEY, fence: 5 });
    await publishGeneration(store, { key: KEY, fence: 5, fillId: 'again' });
    await store.directories.moveToTrash({ key: KEY, fence: 5 });
    assert.equal(await store.directories.emptyTrash(), 2);
  });
}

/** Names that are awkward as file names, pairwise different only where a careless encoding would join them. */
const AWKWARD_SCOPES = [
  'dataset:sales',
  'dataset:Sales',
  'table:erp/SCOTT.EMP',
  'table:erp/SCOTT/EMP',
  'table:erp/SCOTT%2FEMP',
  'table:erp/a~b',
  'table:erp/größe',
  `table:erp/${'L'.repeat(300)}a`,
  `table:erp/${'L'.repeat(300)}b`,
  'table:erp/1-2.json',
  'source:..',
];

function claimsOfMarks(claim: Claim): void {
  claim('a key without a mark has none', async (store) => {
    assert.equal(await store.marks.readMark(KEY), null);
    assert.deepEqual(await store.epochs.scopeMarks(), []);
  });

  claim('a mark rises in each tick and never falls', async (store) => {
    const target = `key:${KEY}`;
    await store.marks.raiseMark({ target, hard: 5, purge: 0 });
    await store.marks.raiseMark({ target, hard: 3, purge: 2 });
    assert.deepEqual(await store.marks.readMark(KEY), { target, hard: 5, purge: 2 });
    await store.marks.raiseMark({ target, hard: 1, purge: 1 });
    assert.deepEqual(await store.marks.readMark(KEY), { target, hard: 5, purge: 2 });
    assert.equal(await store.marks.readMark(OTHER_KEY), null);
  });

  claim('a purge is a hard mark too', async (store) => {
    await store.marks.raiseMark({ target: `key:${KEY}`, hard: 0, purge: 7 });
    assert.deepEqual(await store.marks.readMark(KEY), { target: `key:${KEY}`, hard: 7, purge: 7 });
  });

  claim('of many raisers at once none lowers another', async (store) => {
    const target = `key:${KEY}`;
    const ticks = [4, 9, 2, 7, 1, 8, 3, 6, 5, 10];
    await Promise.all(
      ticks.map(async (tick) => {
        await store.marks.raiseMark({ target, hard: tick, purge: 11 - tick });
        const seen = await store.marks.readMark(KEY);
        assert.ok(seen !== null && seen.hard >= tick && seen.purge >= 11 - tick, 'a raiser sees at least its own mark');
      }),
    );
    assert.deepEqual(await store.marks.readMark(KEY), { target, hard: 10, purge: 10 });
  });

  claim('every scope has its own mark, whatever its name', async (store) => {
    for (const [index, target] of AWKWARD_SCOPES.entries())
      await store.marks.raiseMark({ target, hard: index + 1, purge: 0 });
    await store.marks.raiseMark({ target: 'dataset:sales', hard: 100, purge: 50 });
    await store.marks.raiseMark({ target: `key:${KEY}`, hard: 1000, purge: 0 });
    const found = (await store.epochs.scopeMarks()).toSorted((a, b) => (a.target < b.target ? -1 : 1));
    const expected = AWKWARD_SCOPES.map((target, index) => ({ target, hard: index + 1, purge: 0 }))
      .map((mark) => (mark.target === 'dataset:sales' ? { ...mark, hard: 100, purge: 50 } : mark))
      .toSorted((a, b) => (a.target < b.target ? -1 : 1));
    assert.deepEqual(found, expected);
    // Each by its name alone, the hashed ones included; what was never marked has none.
    const asked = [...AWKWARD_SCOPES, 'source:other', `key:${KEY}`, `key:${OTHER_KEY}`];
    const told = (await store.marks.readMarks(asked)).toSorted((a, b) => (a.target < b.target ? -1 : 1));
    const own = { target: `key:${KEY}`, hard: 1000, purge: 0 };
    assert.deepEqual(
      told,
      [...expected, own].toSorted((a, b) => (a.target < b.target ? -1 : 1)),
    );
    assert.deepEqual(await store.marks.readMarks([]), []);
  });

  claim('a mark that was raised is told to whoever asks afterwards, however many ask at once', async (store) => {
    const target = 'dataset:sales';
    for (const hard of [1, 2, 3]) {
      const before = [1, 2, 3].map(() => store.marks.readMarks([target]));
      await store.marks.raiseMark({ target, hard, purge: 0 });
      const after = await Promise.all([1, 2, 3].map(() => store.marks.readMarks([target])));
      assert.deepEqual(
        after.map(([mark]) => mark?.hard),
        [hard, hard, hard],
      );
      await Promise.all(before);
    }
  });
}

function claimsOfHeadsAndEpochs(claim: Claim): void {
  claim('the latest head.json is read, and none before the first', async (store) => {
    const head = { key: KEY, fence: 5, version: 'checksum:aa', sha256: 'a'.repeat(64), verified: 5, verifiedAtMs: 1 };
    assert.equal(await store.marks.readHead(KEY), null);
    await store.marks.writeHead(head);
    assert.deepEqual(await store.marks.readHead(KEY), head);
    await store.marks.writeHead({ ...head, fence: 4 });
    assert.deepEqual(await store.marks.readHead(KEY), { ...head, fence: 4 });
    assert.deepEqual(await store.directories.list(KEY), { generations: [], staging: [] });
  });

  claim('an epoch number is claimed once, for ever', async (store) => {
    assert.equal(await store.epochs.latest(), 0);
    assert.equal(await store.epochs.claim(1), true);
    assert.equal(await store.epochs.claim(1), false);
    assert.equal(await store.epochs.claim(12), true);
    assert.equal(await store.epochs.latest(), 12);
  });

  claim('of many who claim one epoch at once exactly one has it', async (store) => {
    for (const epoch of [1, 2, 3]) {
      const claims = await Promise.all(Array.from({ length: 16 }, () => store.epochs.claim(epoch)));
      assert.equal(claims.filter(Boolean).length, 1);
    }
  });
}
