import { expect, test } from 'vitest';
import type { Config } from '@parqueue/core/config';
import { sourceGroups } from './file-servers.ts';

const file = (name: string, root: string): Config['sources'][string] => ({
  name,
  kind: 'file',
  root,
  maxConcurrentFills: 2,
  maxConcurrentProbes: 2,
  adhoc: null,
});

function groups(roots: Readonly<Record<string, string>>, mounts: readonly string[]): Readonly<Record<string, string>> {
  const sources = Object.fromEntries(Object.entries(roots).map(([name, root]) => [name, file(name, root)]));
  return Object.fromEntries(sourceGroups(sources, mounts));
}

const LOCAL = '22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw';

test('two exports of one server are one group, those of another and folders of this host are not', () => {
  const mounts = [
    LOCAL,
    '40 22 0:50 / /mnt/a rw shared:2 - nfs4 nas.example.com:/a rw,vers=4.2',
    '41 22 0:51 / /mnt/b\\040c rw shared:3 master:4 - nfs nas.example.com:/b rw,vers=3',
    '42 22 0:52 / /mnt/d rw - nfs4 other:/d rw',
    '43 22 0:53 / /mnt/e rw - cifs //nas.example.com/e rw',
    '44 22 0:54 / /mnt/f rw - nfs4 [fd00::1]:/f rw',
    '45 22 0:55 / /mnt/g rw - nfs4 fd00::1:/g rw',
    '46 22 0:56 / /mnt/h rw - ceph 10.0.0.1:6789,10.0.0.2:6789:/h rw',
    '47 22 0:57 / /mnt/i rw - ext4 /dev/disk/by-path/pci-0:1:/x rw',
  ];
  const roots = {
    a: '/mnt/a/lake',
    b: '/mnt/b c',
    d: '/mnt/d',
    e: '/mnt/e/x',
    f: '/mnt/f',
    g: '/mnt/g',
    h: '/mnt/h',
    i: '/mnt/i',
    near: '/mnt/ab',
    here: '/srv/lake',
  };
  expect(groups(roots, mounts)).toEqual({
    a: 'server nas.example.com',
    b: 'server nas.example.com',
    d: 'server other',
    e: 'server nas.example.com',
    f: 'server [fd00::1]',
    g: 'server fd00::1',
    h: 'server 10.0.0.1:6789,10.0.0.2:6789',
    i: 'source i',
    near: 'source near',
    here: 'source here',
  });
});

test('the mount that is nearest counts, of two at one point the later one', () => {
  const over = [LOCAL, '40 22 0:50 / /mnt rw - nfs4 nas:/ rw', '41 40 254:1 / /mnt/disk rw - ext4 /dev/vdb rw'];
  expect(groups({ a: '/mnt/x', b: '/mnt/disk/x' }, over)).toEqual({ a: 'server nas', b: 'source b' });
  const twice = [...over, '42 40 0:51 / /mnt rw - nfs4 other:/ rw'];
  expect(groups({ a: '/mnt/x' }, twice)).toEqual({ a: 'server other' });
});

test('where the system does not tell, each source is by itself', () => {
  expect(groups({ a: '/mnt/x', b: '/mnt/y' }, [])).toEqual({ a: 'source a', b: 'source b' });
});

test('the list of this host is read', () => {
  const sources = { a: file('a', '/proc') };
  expect(sourceGroups(sources).get('a')).toBe('source a');
});
