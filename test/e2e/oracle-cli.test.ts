/** The command line over Oracle: the example people start from, ad-hoc SQL, and a swarm that is lied to. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDuckDbEngine, startOracleServer, type DuckDbEngine, type OracleServer } from '@parqueue/oracle-server';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CliStage, type Server } from './cli-stage.ts';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const OWNER = { user: 'PQ_OWNER', password: 'owner secret' };
const READER = { user: 'PQ_READER', password: 'reader secret' };

let engine: DuckDbEngine;
let database: OracleServer;
let stage: CliStage;

beforeEach(async () => {
  engine = await openDuckDbEngine();
  await engine.script(readFileSync(join(REPOSITORY, 'infra/oracle/schema.sql'), 'utf8'), OWNER.user);
  const users = { [OWNER.user]: OWNER.password, [READER.user]: READER.password };
  database = await startOracleServer({ engine, users, service: 'PARQ' });
  stage = new CliStage();
  cpSync(join(REPOSITORY, 'examples/oracle.yaml'), join(stage.folder, 'parqueue.yaml'));
});

afterEach(async () => {
  await stage.endAll();
  await database.close();
  await engine.close();
});

async function up(change: (yaml: string) => string = (yaml) => yaml): Promise<Server> {
  const path = join(stage.folder, 'parqueue.yaml');
  // The example keeps its store beside examples/; here everything stays in one folder.
  writeFileSync(path, change(readFileSync(path, 'utf8')).replace('../var/oracle/store', './var/store'));
  const { connectString } = database;
  return await stage.up([], { ERP_CONNECT: connectString, ERP_USER: READER.user, ERP_PASSWORD: READER.password });
}

test('the example answers all its datasets, and ad-hoc SQL with binds', async () => {
  const server = await up();
  const url = { PARQUEUE_URL: server.url };
  for (const [dataset, first] of [
    ['revenue', 'REGION,SALES,AMOUNT'],
    ['sales', 'ID,REGION_ID,SOLD_ON,PRODUCT,AMOUNT'],
    ['recent', 'ID,SOLD_ON,AMOUNT'],
    ['catalogue', 'ID,NAME'],
  ] as const) {
    const { exit, out, err } = await stage.run(['get', dataset, '--format', 'csv', '--limit', '1'], url);
    expect([dataset, exit, out.split(/\r?\n/)[0]], err).toEqual([dataset, 0, first]);
  }
  const sql = 'select id, name from regions where id > :n order by id';
  const query = ['query', '--source', 'erp', '--sql', sql, '--bind', 'n:integer=2', '--format', 'csv'];
  const { out } = await stage.run(query, url);
  expect(out.split(/\r?\n/)).toEqual(['ID,NAME', '3,east', '4,west', '']);
  expect(server.err()).not.toContain(READER.password);
  expect(await server.stop()).toBe(0);
});

test('a swarm over a source that cannot tell whether its tables changed finds one revision loaded twice', async () => {
  const server = await up((yaml) => yaml.replace('adhoc: { maxAge: 1m }', 'adhoc: { version: ttl, maxAge: 1h }'));
  const { exit, out, err } = await stage.run(
    [
      ...['swarm', 'sql', '--url', server.url, '--source', 'erp', '--connect'],
      ...['--clients', '2', '--waves', '3', '--regenerations', '1', '--rows', '200', '--json'],
    ],
    { ORACLE_TEST_URL: `${OWNER.user}/${OWNER.password}@${database.connectString}` },
  );
  expect(exit, err).toBe(1);
  expect((JSON.parse(out) as { reasons: readonly string[] }).reasons).toContain('duplicate');
  expect(out + err).not.toContain(OWNER.password);
  expect(await server.stop()).toBe(0);
});
