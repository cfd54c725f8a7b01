/** The databases of the tests: each test has its own, and leaves nothing behind. */
import { describe, expect, it } from 'vitest';
import { openMysqlTestDatabase } from './mysql-database.ts';
import { openPostgresTestDatabase } from './postgres-database.ts';

describe.each([
  ['PostgreSQL', openPostgresTestDatabase],
  ['MariaDB', openMysqlTestDatabase],
])('a test database of %s', (_name, open) => {
  it('is fresh, and sees nothing of another one', async () => {
    await using one = await open();
    await using other = await open();
    for (const [at, database] of [one, other].entries()) {
      await database.execute('CREATE TABLE same_name (id INT)');
      expect(await database.execute(`INSERT INTO same_name VALUES (${at}), (${at})`)).toBe(2);
    }
    expect(await one.query('SELECT id FROM same_name')).toEqual([[0], [0]]);
    expect(await other.query('SELECT id FROM same_name')).toEqual([[1], [1]]);
  });
});
