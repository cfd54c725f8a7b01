/**
 * A server with an answering engine and the real driver against it. Disposing closes everything and then looks whether
 * anything was left behind: sessions, cursors, LOB values, row sources, or a defect that nobody noticed.
 */
import assert from 'node:assert/strict';
import oracledb from 'oracledb';
import type { Connection, ConnectionAttributes } from 'oracledb';
import type { Column, OraType } from '../engine.ts';
import { startOracleServer } from '../server.ts';
import type { OracleServer, OracleServerOptions } from '../server.ts';
import { AnsweringEngine } from './answering-engine.ts';
import type { Answer, Answers, Row } from './answering-engine.ts';

export interface Fixture extends AsyncDisposable {
  readonly server: OracleServer;
  readonly engine: AnsweringEngine;
  readonly connect: (attributes?: ConnectionAttributes) => Promise<Connection>;
}

export type FixtureOptions = Partial<Omit<OracleServerOptions, 'engine'>>;

export async function startFixture(answers: Answers, options: FixtureOptions = {}): Promise<Fixture> {
  const engine = new AnsweringEngine(answers);
  const server = await startOracleServer({ users: { APP: 'secret' }, service: 'PARQ', ...options, engine });
  const connections: Connection[] = [];
  return {
    server,
    engine,
    connect: async (attributes = {}) => {
      const connectString = server.connectString;
      const connection = await oracledb.getConnection({
        user: 'app',
        password: 'secret',
        connectString,
        ...attributes,
      });
      connections.push(connection);
      return connection;
    },
    [Symbol.asyncDispose]: async () => {
      for (const connection of connections) await closed(connection);
      await server.close();
      const { sessionsNow, openCursors, lobValues, defects } = server.counters;
      const { openSessions, openRowSources } = engine;
      assert.deepEqual(
        { sessionsNow, openCursors, lobValues, defects, openSessions, openRowSources },
        { sessionsNow: 0, openCursors: 0, lobValues: 0, defects: 0, openSessions: 0, openRowSources: 0 },
      );
    },
  };
}

/** Broken ones too: the driver's own finalizer of a connection that was never closed throws where nobody can catch. */
async function closed(connection: Connection): Promise<void> {
  try {
    await connection.close();
  } catch (error) {
    const { code } = error as { readonly code?: string };
    if (code !== CLOSED_ALREADY) throw error;
  }
}

const CLOSED_ALREADY = 'NJS-003';

export function column(name: string, type: OraType): Column {
  return { name, type, nullable: true };
}

export const INTEGER: OraType = { kind: 'NUMBER', precision: 9, scale: 0 };
export const TEXT: OraType = { kind: 'VARCHAR2', chars: 4000 };

/** One column of one type, one row per value. */
export function values(type: OraType, ...of: readonly Row[number][]): Answer {
  return { columns: [column('V', type)], rows: of.map((value) => [value]) };
}

/** Rows 0 … count − 1 of a number and a text that repeats now and then. */
export function numbered(count: number): Answer {
  return {
    columns: [column('N', INTEGER), column('T', TEXT)],
    rows: (index) => (index < count ? [String(index), `text ${Math.floor(index / 3)}`] : null),
  };
}

/** The error that a promise must fail with. */
export async function failureOf(promise: Promise<unknown>): Promise<Error & { code?: string; offset?: number }> {
  try {
    await promise;
  } catch (error) {
    return error as Error & { code?: string; offset?: number };
  }
  throw new assert.AssertionError({ message: 'it did not fail' });
}
