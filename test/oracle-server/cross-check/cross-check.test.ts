/**
 * The server was learnt from one driver's reader; here drivers that others wrote run against it: python-oracledb in Thin
 * mode and the JDBC thin driver. Both run one list of scenarios, and both must get the same exact answers. A client that
 * cannot be had on this machine is skipped, and the name of its suite says why.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDuckDbEngine } from '../src/engines/duckdb.ts';
import type { DuckDbEngine } from '../src/engines/duckdb.ts';
import { startOracleServer } from '../src/server.ts';
import type { OracleServer } from '../src/server.ts';
import { Client } from './client.ts';
import type { JsonObject } from './client.ts';
import { SCENARIOS, SETUP } from './scenarios.ts';
import type { ClientName } from './scenarios.ts';
import { jdbc, python } from './toolchain.ts';
import type { Availability, Toolchain } from './toolchain.ts';

const USER = { user: 'app', password: 'secret', service: 'PARQ' };

/** How the servers differ; the first is what a scenario uses unless it says otherwise. */
type ServerName = '12c' | '11g' | 'bit-vectors';

const NOTHING: Toolchain = { command: '', args: [], env: {} };

const [pythonClient, jdbcClient] = await Promise.all([python(), jdbc()]);

suite('python', 'python-oracledb, Thin mode', pythonClient);
suite('jdbc', 'the JDBC thin driver', jdbcClient);

function suite(name: ClientName, title: string, availability: Availability): void {
  const missing = availability.kind === 'missing';
  const suffix = missing ? `: not run, ${availability.reason}` : '';
  describe.skipIf(missing)(`${title}${suffix}`, () => {
    scenarios(name, missing ? NOTHING : availability.toolchain);
  });
}

function scenarios(name: ClientName, toolchain: Toolchain): void {
  let engine: DuckDbEngine;
  let servers: Readonly<Record<ServerName, OracleServer>>;
  let client: Client;
  const defects: unknown[] = [];

  const ask = async (command: JsonObject): Promise<JsonObject> => {
    const { server = '12c', ...rest } = command;
    const { host, port } = servers[server as ServerName];
    return client.ask({ host, port, ...USER, connection: 'main', ...rest });
  };

  beforeAll(async () => {
    engine = await openDuckDbEngine();
    await engine.script(SETUP, 'APP');
    const onDefect = (error: unknown): void => void defects.push(error);
    const common = { engine, users: { APP: 'secret' }, service: 'PARQ', onDefect };
    servers = {
      '11g': await startOracleServer({ ...common, verifier: '11g' }),
      '12c': await startOracleServer({ ...common, verifier: '12c' }),
      'bit-vectors': await startOracleServer({ ...common, bitVectors: true }),
    };
    client = new Client(toolchain);
    expect(await ask({ do: 'version' })).toMatchObject({ thin: true });
    expect(await ask({ do: 'open' })).toEqual({});
  });

  afterAll(async () => {
    await client.end();
    for (const server of Object.values(servers)) await server.close();
    await engine.close();
  });

  for (const { claim, without, steps } of SCENARIOS) {
    const reason = without[name];
    const suffix = reason === undefined ? '' : ` (not this client: ${reason})`;
    test.skipIf(reason !== undefined)(`${claim}${suffix}`, async () => {
      for (const { command, expected } of steps(name)) {
        const answer = await ask(command);
        const told = 'error' in expected ? pick(answer, ['error', ...Object.keys(expected)]) : answer;
        expect(
          told,
          `${String(command['do'])} ${String(command['sql'] ?? '')}: ${String(answer['message'] ?? '')}`,
        ).toEqual(expected);
      }
      expect(defects).toEqual([]);
    });
  }

  test('a log off leaves no session, no cursor and no LOB in the server', async () => {
    expect(await ask({ do: 'close' })).toEqual({});
    const nothing: Held = { sessionsNow: 0, openCursors: 0, lobValues: 0 };
    const all = Object.values(servers);
    await expect.poll(() => all.map(({ counters }) => held(counters))).toEqual(all.map(() => nothing));
    expect(servers['12c'].counters.sessionsTotal).toBeGreaterThan(5);
  });
}

interface Held {
  readonly sessionsNow: number;
  readonly openCursors: number;
  readonly lobValues: number;
}

function held({ sessionsNow, openCursors, lobValues }: Held): Held {
  return { sessionsNow, openCursors, lobValues };
}

function pick(from: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(from).filter(([key]) => keys.includes(key)));
}
