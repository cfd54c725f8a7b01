/** Values as Postgres itself writes them. */
import type pg from 'pg';
import type { PostgresTestDatabase } from './postgres-database.ts';

/** A client whose values are written as a source's are, in UTC. */
export async function textClient(database: PostgresTestDatabase): Promise<pg.Client> {
  const client = await database.connect();
  await client.query(`SET DateStyle = 'ISO'; SET IntervalStyle = 'iso_8601'; SET bytea_output = 'hex';
    SET extra_float_digits = 1; SET TimeZone = 'UTC'`);
  return client;
}

/** Every value as the server writes it. */
export async function textsOf(client: pg.Client, text: string): Promise<unknown[][]> {
  const types = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig;
  return (await client.query<unknown[]>({ text, rowMode: 'array', types })).rows;
}
