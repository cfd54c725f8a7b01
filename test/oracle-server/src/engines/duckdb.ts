/**
 * The engine that answers SQL: Oracle's language over DuckDB, with row versions, so that ORA_ROWSCN, AS OF SCN and read
 * only transactions mean what they mean in Oracle. What its grammar leaves out is refused with its words.
 */
import { DuckDBInstance } from '@duckdb/node-api';
import type { Engine, EngineSession } from '../engine.ts';
import { Catalog } from './duckdb/catalog.ts';
import { installFunctions } from './duckdb/native-functions.ts';
import { splitScript } from './duckdb/script.ts';
import { DuckDbSession } from './duckdb/session.ts';
import type { SharedState } from './duckdb/shared-state.ts';
import { StatementCounts } from './duckdb/statement-counts.ts';
import { Transactions } from './duckdb/transactions.ts';

export interface DuckDbEngineOptions {
  /** Where DuckDB keeps its pages; in memory unless given. The catalog lives in memory: an engine begins empty. */
  readonly path?: string;
  readonly firstScn?: bigint;
  /** How many rows share a block, and with it an ORA_ROWSCN, in tables without ROWDEPENDENCIES. */
  readonly blockRows?: number;
  /** By user, what is not granted: `V$DATABASE`, any other dynamic view, `FLASHBACK`, `OWNER.TABLE`. */
  readonly denied?: Readonly<Record<string, readonly string[]>>;
  readonly threads?: number;
  readonly memoryLimit?: string;
  /** Wall clock in milliseconds: what SYSDATE shows. */
  readonly now?: () => number;
}

export interface DuckDbEngine extends Engine {
  open(user: string): Promise<EngineSession>;
  /** Runs a script of statements as that user and commits. */
  script(sql: string, user: string): Promise<void>;
  /** The last SCN committed. */
  readonly currentScn: bigint;
  /** Transactions that wait for a row which another one changed. */
  readonly waiting: number;
  /** Forgets the past before an SCN, as undo retention does: AS OF below it is ORA-01555. */
  forgetBefore(scn: bigint): void;
  /** Takes something away from a user, or gives it back. */
  deny(user: string, what: string): void;
  allow(user: string, what: string): void;
}

export async function openDuckDbEngine(options: DuckDbEngineOptions = {}): Promise<DuckDbEngine> {
  const instance = await DuckDBInstance.create(options.path ?? ':memory:', {
    threads: String(options.threads ?? 2),
    ...(options.memoryLimit === undefined ? {} : { memory_limit: options.memoryLimit }),
  });
  const setup = await instance.connect();
  await installFunctions(setup);
  await setup.run('CREATE SEQUENCE IF NOT EXISTS ora_rows');
  setup.closeSync();
  const denied = new Map(Object.entries(options.denied ?? {}).map(([user, things]) => [user, new Set(things)]));
  const clock = options.now ?? ((): number => Date.now());
  const deniedOf = (user: string): Set<string> => {
    const found = denied.get(user) ?? new Set<string>();
    denied.set(user, found);
    return found;
  };
  const sessions = new Set<DuckDbSession>();
  const now = (): bigint => BigInt(Math.trunc(clock())) * 1_000_000n;
  const shared: SharedState = {
    catalog: new Catalog(now),
    transactions: new Transactions(options.firstScn ?? 1_000_000n),
    counts: new StatementCounts(),
    sessions,
    blockRows: options.blockRows ?? 100,
    denied: deniedOf,
    now,
  };
  let lastId = 0;
  const open = async (user: string): Promise<DuckDbSession> => {
    const writer = await instance.connect();
    lastId += 1;
    const session = new DuckDbSession({ id: lastId, user, instance, writer, shared });
    sessions.add(session);
    return session;
  };
  return {
    open,
    async script(sql, user) {
      const session = await open(user);
      try {
        for (const text of splitScript(sql)) {
          const done = await session.execute(await session.parse(text), []);
          if (done.kind === 'rows') await done.rows.close();
        }
        await session.commit();
      } finally {
        await session.close();
      }
    },
    get currentScn() {
      return shared.transactions.scn;
    },
    get waiting() {
      return shared.transactions.waiting;
    },
    forgetBefore(scn) {
      shared.transactions.oldestScn = scn;
    },
    deny: (user, what) => void deniedOf(user).add(what),
    allow: (user, what) => void deniedOf(user).delete(what),
    async close() {
      for (const session of sessions) await session.close();
      instance.closeSync();
    },
  };
}
