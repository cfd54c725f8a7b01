import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { lockDataDirectory } from './data-lock.ts';

const made: string[] = [];

function fresh(): string {
  const directory = mkdtempSync(join(tmpdir(), 'parqueue-lock-'));
  made.push(directory);
  return directory;
}

afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
});

describe('the lock of a data directory', () => {
  test('is held by one process until it is released', () => {
    const directory = fresh();
    const lock = lockDataDirectory(directory);
    expect(() => lockDataDirectory(directory)).toThrow(/in use by another `parqueue up` \(process \d+\)/);
    lock.release();
    lockDataDirectory(directory).release();
    expect(readdirSync(directory)).toEqual([]);
  });

  test('of a process that no longer runs is taken over', async () => {
    const directory = fresh();
    const gone = spawn(process.execPath, ['-e', '0']);
    await new Promise((resolve) => gone.once('exit', resolve));
    writeFileSync(join(directory, 'up.lock'), JSON.stringify({ pid: gone.pid, identity: 'earlier' }));
    lockDataDirectory(directory).release();
  });

  test('is not held by a process that got the id of its holder later', () => {
    const directory = fresh();
    writeFileSync(join(directory, 'up.lock'), JSON.stringify({ pid: process.pid, identity: 'another boot:1' }));
    lockDataDirectory(directory).release();
  });

  test('half written by a crash holds nothing', () => {
    const directory = fresh();
    writeFileSync(join(directory, 'up.lock'), '{"pid":');
    lockDataDirectory(directory).release();
  });

  test('is released only by its holder', () => {
    const directory = fresh();
    const lock = lockDataDirectory(directory);
    const other = JSON.stringify({ pid: 1, identity: 'somebody' });
    writeFileSync(join(directory, 'up.lock'), other);
    lock.release();
    expect(existsSync(join(directory, 'up.lock'))).toBe(true);
  });
});
