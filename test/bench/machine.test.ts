import { expect, test } from 'vitest';
import { busyWarning, describeMachine, filesystemIn, machineLine, versionIn } from './machine.ts';

const MOUNTS = [
  '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
  '30 22 0:25 / /tmp rw shared:5 - tmpfs tmpfs rw,size=4g',
  String.raw`31 22 0:26 / /mnt/my\040disk rw - xfs /dev/sdb1 rw`,
  '32 30 0:27 / /tmp rw - btrfs /dev/sdc rw',
  '',
].join('\n');

test.each([
  ['/var/x', 'ext4'],
  ['/tmp', 'btrfs'],
  ['/tmp/a', 'btrfs'],
  ['/tmpfoo', 'ext4'],
  ['/mnt/my disk/a', 'xfs'],
])('%s is on %s', (path, expected) => {
  expect(filesystemIn(MOUNTS, path)).toBe(expected);
});

test('without a list of mounts the file system is not known', () => {
  expect(filesystemIn('', '/tmp')).toBe('unknown file system');
});

test.each([
  ['nginx version: nginx/1.22.1', '1.22.1'],
  ['Redis server v=7.0.15 sha=00000000:0', '7.0.15'],
  ['mariadbd  Ver 10.11.14-MariaDB-0+deb12u2', '10.11.14'],
  ['sh: 1: nginx: not found', null],
])('%j tells version %s', (text, expected) => {
  expect(versionIn(text)).toBe(expected);
});

test('a machine is told by its processor, memory, system and what is installed; what is not there is left out', () => {
  const machine = describeMachine('/', { nginx: '/nowhere/nginx' });
  expect(machineLine(machine)).toContain(`Node ${process.versions.node}`);
  expect(machine.versions).toHaveProperty('pg');
  expect(machine.versions).not.toHaveProperty('nginx');
});

test('a busy machine is warned of', () => {
  expect(busyWarning(0.1, 0)).toBeNull();
  expect(busyWarning(0.5, 3.21)).toContain('50 % of its processors, load 3.2');
});
