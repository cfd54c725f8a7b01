/** The writer as a partner, where there is no database to talk to. What it does with one is shown in test/e2e. */
import { expect, test } from 'vitest';
import { contextOfProcess } from '../context.ts';
import { findOracleWriter } from './clone.ts';
import { OracleWriter, runStatements, StatementRefused } from './writer.ts';

const script = findOracleWriter() ?? '';
const nowhere = { user: 'app', password: 'not to be told', connectString: '127.0.0.1:1/nothing' };

test('a database that is not there is an error of the first statement, and the password is in none', async () => {
  const writer = new OracleWriter(contextOfProcess('0'), script, nowhere);
  const refused: unknown = await writer.commit('DELETE FROM t').catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(StatementRefused);
  expect(String(refused)).toMatch(/NJS-5\d\d/);
  const again: unknown = await writer.query('SELECT 1 FROM DUAL').catch((error: unknown) => error);
  expect(String(again)).toContain('the writer ended (exit 4)');
  expect(`${String(refused)} ${String(again)}`).not.toContain(nowhere.password);
  await writer.stop();
});

test('a file of statements that cannot be run says which file, and why', async () => {
  const running = runStatements(contextOfProcess('0'), script, { file: 'missing.sql', connection: nowhere });
  await expect(running).rejects.toThrow(/missing\.sql: .*ENOENT/);
});
