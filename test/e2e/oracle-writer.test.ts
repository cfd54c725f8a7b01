/** infra/oracle: the writer as people use it, and that its SQL and YAML are what they claim to be. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { REAL_DATABASE, TestDatabase } from './oracle-database.ts';

const FOLDER = new URL('../../infra/oracle/', import.meta.url);
const WRITER = fileURLToPath(new URL('writer.mjs', FOLDER));
const SCHEMA = fileURLToPath(new URL('schema.sql', FOLDER));

let db: TestDatabase;

beforeEach(async () => {
  db = await TestDatabase.open();
  await db.fresh('TABLE', 'e2e_pets', 'CREATE TABLE e2e_pets (id NUMBER(9) NOT NULL, name VARCHAR2(20))');
});

afterEach(async () => {
  await db[Symbol.asyncDispose]();
});

interface Ran {
  readonly exit: number | null;
  readonly answers: readonly unknown[];
  readonly said: string;
}

async function write(args: readonly string[], { input = '', password = db.password } = {}): Promise<Ran> {
  const child = spawn(process.execPath, [WRITER, ...args], {
    env: { PATH: process.env['PATH'], ORACLE_TEST_URL: `${db.user}/${password}@${db.connectString}` },
  });
  child.stdin.end(input);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString('utf8')));
  const exit = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const answers = out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
  return { exit, answers, said: out + err };
}

describe('the writer', () => {
  test('commits each statement and answers each with one line', async () => {
    const { exit, answers } = await write([
      "INSERT INTO e2e_pets SELECT LEVEL, 'pet ' || LEVEL FROM DUAL CONNECT BY LEVEL <= 3",
      'SELECT id, name FROM e2e_pets ORDER BY id;',
    ]);
    const data = [1, 2, 3].map((id) => [id, `pet ${id}`]);
    expect([exit, answers]).toEqual([0, [{ rows: 3 }, { columns: ['ID', 'NAME'], data }]]);
    expect(await db.number('SELECT COUNT(*) FROM e2e_pets')).toBe(3);
  });

  test('a JSON array is one transaction: all of it, or nothing', async () => {
    const lines = [
      JSON.stringify(["INSERT INTO e2e_pets VALUES (1, 'one')", "INSERT INTO e2e_pets VALUES (2, 'two')"]),
      JSON.stringify(["INSERT INTO e2e_pets VALUES (3, 'three')", 'INSERT INTO nobody VALUES (4)']),
      'SELECT COUNT(*) AS n FROM e2e_pets',
    ];
    const { exit, answers } = await write([], { input: `${lines.join('\n')}\n` });
    expect(exit).toBe(1);
    expect(answers).toEqual([
      { rows: 2 },
      { error: expect.stringContaining('ORA-00942') as string },
      { columns: ['N'], data: [[2]] },
    ]);
  });

  test('arguments end at their first error', async () => {
    const { exit, answers } = await write(['DELETE FROM nobody', "INSERT INTO e2e_pets VALUES (1, 'one')"]);
    expect([exit, answers]).toEqual([1, [{ error: expect.stringContaining('ORA-00942') as string }]]);
    expect(await db.number('SELECT COUNT(*) FROM e2e_pets')).toBe(0);
  });

  test('numbers that a double cannot hold come as text, others as numbers', async () => {
    const { answers } = await write(['SELECT 12345678901234567890 AS a, 0.5 AS b, 1e3 AS c, NULL AS d FROM DUAL']);
    expect(answers).toEqual([{ columns: ['A', 'B', 'C', 'D'], data: [['12345678901234567890', 0.5, 1000, null]] }]);
  });

  test('a wrong password is told as the database tells it, and not repeated', async () => {
    const { exit, answers, said } = await write(['SELECT 1 FROM DUAL'], { password: 'wrong/pass@word' });
    expect([exit, answers]).toEqual([4, [{ error: expect.stringContaining('ORA-01017') as string }]]);
    expect(said).not.toContain('wrong/pass');
  });

  test('no database, or a connection that is none, is wrong usage', async () => {
    expect((await write(['--connect', 'nonsense', 'SELECT 1 FROM DUAL'])).exit).toBe(2);
    expect((await write(['--no-such-option'])).exit).toBe(2);
  });

  // Elsewhere a table called SALES is somebody's.
  test.skipIf(REAL_DATABASE !== null)('runs the tables of the demonstration', async () => {
    const { exit, answers } = await write(['--file', SCHEMA]);
    expect([exit, answers.filter((answer) => !('rows' in (answer as object)))]).toEqual([0, []]);
    expect(await db.number('SELECT COUNT(*) FROM sales s JOIN regions r ON r.id = s.region_id')).toBe(20_000);
  });
});

test('the compose file mounts scripts that are there, and waits for the tables', () => {
  const { services } = parse(readFileSync(new URL('compose.yaml', FOLDER), 'utf8')) as {
    services: { oracle: { image: string; volumes: readonly string[]; healthcheck: { test: readonly string[] } } };
  };
  const { image, volumes, healthcheck } = services.oracle;
  expect(image).toContain('oracle-free');
  const mounted = volumes.map((volume) => volume.split(':')[0] ?? '').filter((path) => path.startsWith('./'));
  expect(mounted).toEqual(['./setup', './user.sql', './schema.sql']);
  expect(healthcheck.test.join(' ')).toContain('FROM sales');
});
