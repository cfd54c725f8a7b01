/** An entry that is made quickly is the one that the ports make: on the disk and in Redis, but for what is of each making. */
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { connectRedis } from '@parqueue/core/redis';
import { expect, onTestFinished, test } from 'vitest';
import { Cluster } from '../cluster.ts';
import { ManyEntries } from './many-entries.ts';
import { QuickMaker } from './quick-maker.ts';

test('an entry made quickly differs from one made by the ports in nothing but its names, numbers and times', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parqueue-quick-maker-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await using cluster = await Cluster.start({ folder });
  await using many = await ManyEntries.open(cluster, 'words.parquet');
  await many.make(many.request(0));
  expect(await new QuickMaker(many.parts).make({ first: 1, end: 2 })).toBe(1);

  const [byPorts, quickly] = [many.request(0).key, many.request(1).key];
  const [theirs, ours] = [await onDisk(many, byPorts), await onDisk(many, quickly)];
  expect(Object.keys(theirs)).toHaveLength(6);
  expect(ours).toEqual(theirs);
  const redis = connectRedis({ url: cluster.redis.url }, 'worker');
  onTestFinished(() => redis.disconnect());
  const inRedis = async (key: string): Promise<unknown> => {
    const names = (await redis.keys(`*:${key}`)).toSorted();
    const held = await Promise.all(names.map((name) => redis.hgetall(name)));
    return alike(JSON.stringify([names, held, await redis.zscore('{pq}:entries', key)]), key);
  };
  expect(await inRedis(quickly)).toEqual(await inRedis(byPorts));
  expect(await redis.zcard('{pq}:leases')).toBe(0);
  for (const key of [byPorts, quickly]) {
    const { head } = await many.parts.coordination.heads.look({ key, scopes: [], probeTargets: [] }, null);
    expect(await many.parts.store.reader.verify(key, head?.fence ?? 0)).toMatchObject({ kind: 'whole' });
    expect(await many.parts.store.marks.readHead(key)).toMatchObject({ fence: head?.fence });
  }
});

/** Names below the key's directory → mode and text. */
async function onDisk({ parts }: ManyEntries, key: string): Promise<Readonly<Record<string, string>>> {
  const folder = dirname(dirname(parts.store.reader.partPath(key, 1).absolute));
  const found: Record<string, string> = { '.': ((await stat(folder)).mode & 0o777).toString(8) };
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const mode = ((await stat(path)).mode & 0o777).toString(8);
    const text = entry.isFile() ? await readFile(path, 'latin1') : '';
    found[alike(relative(folder, path), key)] = `${mode} ${alike(text, key)}`;
  }
  return found;
}

/** Without what is of each entry and each making. */
function alike(text: string, key: string): string {
  return text
    .replaceAll(key, 'KEY')
    .replaceAll(/many\/\d+\.parquet/g, 'PATH')
    .replaceAll(/[0-9a-f]{64}/g, 'HASH')
    .replaceAll(/[0-9a-f]{24}/g, 'ID')
    .replaceAll(/\d{13,}/g, 'NUMBER');
}
