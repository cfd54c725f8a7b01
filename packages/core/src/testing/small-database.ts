/**
 * The smallest SQL source there is: DuckDB in this process, as if it were a database one had to load from. It shows what a
 * kind of database brings to sources/sql, and proves that nothing else is needed: the contract suite runs on it. The guide
 * docs/adding-a-source.md walks through this file. It reads Postgres' dialect, and is no source that anybody can configure.
 */
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import type { ParqueueError } from '../model/errors.ts';
import type { TypedValue } from '../model/request.ts';
import type { Clock, RandomId } from '../ports/clock.ts';
import type { ProbedPart, Source } from '../ports/source.ts';
import { replacePlaceholders } from '../sql/index.ts';
import type {
  AskedTable,
  AskedTables,
  Begun,
  Bound,
  ExpectedRows,
  Known,
  SqlDatabase,
} from '../sources/sql/database.ts';
import type { SqlDriver } from '../sources/sql/driver.ts';
import type { Fault } from '../sources/sql/faults.ts';
import type { Projection } from '../sources/sql/projection.ts';
import type { SqlSourceQuestion } from '../sources/sql/question.ts';
import { columnsChanged } from '../sources/sql/rows.ts';
import type { Session, Use } from '../sources/sql/session.ts';
import { openSqlSource } from '../sources/sql/source.ts';
import { unsupportedType, type Described, type Mapping } from '../sources/sql/types.ts';

interface SmallColumn extends Described {
  /** As DuckDB writes it: `INTEGER`. */
  readonly type: string;
}

type SmallBinds = readonly (string | null)[];

/**
 * One instance, whose connections take turns: DuckDB 1.5.6 was seen to show half of another connection's commit to a
 * query that ran at the same moment.
 */
export class SmallServer implements AsyncDisposable {
  readonly #instance: DuckDBInstance;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(instance: DuckDBInstance) {
    this.#instance = instance;
  }

  static async start(): Promise<SmallServer> {
    return new SmallServer(await DuckDBInstance.create(':memory:', { threads: '1' }));
  }

  connect(): Promise<DuckDBConnection> {
    return this.#instance.connect();
  }

  alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn;
    this.#instance.closeSync();
  }
}

/** 1. The driver: connections, and what their errors mean. */
class SmallDriver implements SqlDriver<DuckDBConnection> {
  readonly #server: SmallServer;
  readonly destroy = null;

  constructor(server: SmallServer) {
    this.#server = server;
  }

  connect(): Promise<DuckDBConnection> {
    return this.#server.connect();
  }

  async setUp(session: Session<DuckDBConnection>): Promise<void> {
    await session.call((connection) => this.#server.alone(() => connection.run("SET TimeZone = 'UTC'")));
  }

  async beginUse(_session: Session<DuckDBConnection>, _use: Use): Promise<void> {}
  limitCall(): void {}
  isHealthy(): boolean {
    return true;
  }

  async ping(): Promise<void> {}

  async rollback(connection: DuckDBConnection): Promise<void> {
    await this.#server.alone(() => connection.run('ROLLBACK'));
  }

  async close(connection: DuckDBConnection): Promise<void> {
    connection.closeSync();
  }

  async interrupt(connection: DuckDBConnection): Promise<void> {
    connection.interrupt();
  }

  faultOf(error: unknown): Fault | null {
    const [, code = '', text = ''] = /^(\w+) Error: (.*)/.exec(error instanceof Error ? error.message : '') ?? [];
    if (code === '') return null;
    return { kind: code === 'INTERRUPT' ? 'interrupted' : 'rejected', code, text };
  }
}

/** 2. The types: what a column becomes. Everything travels as text here, so there is little to say. */
const MAPPINGS: Readonly<Record<string, Mapping>> = {
  INTEGER: { type: { kind: 'int32' }, reading: { kind: 'number' }, expression: null },
  BIGINT: { type: { kind: 'int64' }, reading: { kind: 'number' }, expression: null },
  VARCHAR: { type: { kind: 'utf8' }, reading: { kind: 'text' }, expression: null },
  TIMESTAMP: {
    type: { kind: 'timestamp', unit: 'us', utc: false },
    reading: { kind: 'iso', zone: 'none' },
    expression: null,
  },
};

const INNER = 'parqueue_rows';

/** 3. The database: statements bound, described, read; versions of the tables they name. */
class SmallDatabase implements SqlDatabase<DuckDBConnection, SmallColumn, SmallBinds> {
  readonly kind = 'postgres';
  readonly tracks = 'row-version';
  readonly driver: SmallDriver;
  readonly confirm = null;
  readonly split = null;
  readonly #server: SmallServer;
  readonly #clock: Clock;

  constructor(server: SmallServer, clock: Clock) {
    this.#server = server;
    this.#clock = clock;
    this.driver = new SmallDriver(server);
  }

  readonly types = {
    sourceTypeOf: ({ type }: SmallColumn): string => type,
    mappingOf({ name, type }: SmallColumn): Mapping {
      return MAPPINGS[type] ?? refuse(unsupportedType(name, type, 'select CAST(c AS VARCHAR)'));
    },
  };

  bind(statement: string, values: Readonly<Record<string, TypedValue>>): Bound<SmallBinds> {
    const names: string[] = [];
    const text = replacePlaceholders(
      statement,
      (name) => {
        if (!names.includes(name)) names.push(name);
        return `$${names.indexOf(name) + 1}`;
      },
      'postgres',
    );
    return { text, binds: names.map((name) => values[name]?.value ?? null) };
  }

  async begin(session: Session<DuckDBConnection>): Promise<Begun> {
    await session.transact((connection) => this.#server.alone(() => connection.run('BEGIN TRANSACTION READ ONLY')));
    return { consistency: 'exact', details: {} };
  }

  asksSeveral(): boolean {
    return true;
  }

  async askTables(
    session: Session<DuckDBConnection>,
    { parts }: SqlSourceQuestion,
    known: Known,
  ): Promise<AskedTables> {
    const probed: Record<string, ProbedPart> = {};
    const tables: AskedTable[] = [];
    for (const { schema, name, label } of parts) {
      if (Object.hasOwn(known, label)) continue;
      const beganMs = this.#clock.now();
      const table = `"${schema}"."${name}"`;
      const [row = []] = await this.#ask(session, `SELECT count(*), sum(hash(t)) FROM ${table} t`);
      const version = row.join('@');
      const costMs = Math.max(0, this.#clock.now() - beganMs);
      probed[label] = { version, costMs };
      tables.push({ name: label, version, costMs });
    }
    return { parts: probed, reads: {}, tables };
  }

  async describe(session: Session<DuckDBConnection>, { text }: Bound<SmallBinds>): Promise<readonly SmallColumn[]> {
    const prepared = await session.call((connection) => this.#server.alone(() => connection.prepare(text)));
    return Array.from({ length: prepared.columnCount }, (_, at) => ({
      name: prepared.columnName(at),
      type: prepared.columnType(at).toString(),
    }));
  }

  async *rows(
    session: Session<DuckDBConnection>,
    { text, binds }: Bound<SmallBinds>,
    { columns }: ExpectedRows<SmallColumn>,
  ): AsyncGenerator<unknown[][], void, undefined> {
    let whole = false;
    try {
      const result = await session.call((connection) =>
        this.#server.alone(() => connection.stream(text, binds.length === 0 ? undefined : [...binds])),
      );
      if (result.columnCount !== columns) throw columnsChanged('columns');
      for (;;) {
        const chunk = await session.call(() => this.#server.alone(() => result.fetchChunk()));
        if (chunk === null || chunk.rowCount === 0) break;
        yield chunk.getRows().map((row) => row.map((value) => (value === null ? null : String(value))));
      }
      whole = true;
    } finally {
      if (!whole) session.spoil();
    }
  }

  readonly wireRows = null;
  readonly project = (text: string, { described, wanted, only }: Projection): string => {
    const reference = (position: number): string => `c${position + 1}`;
    const selected = wanted.map(({ position, expression }) => {
      const column = reference(position);
      return expression === null ? column : `${expression(column)} ${column}`;
    });
    const where = only === null ? '' : ` WHERE ${only.condition(reference(only.position))}`;
    const columns = described.map((_, position) => reference(position));
    return `SELECT ${selected.join(', ')} FROM (${text}) ${INNER}(${columns.join(', ')})${where}`;
  };

  async #ask(session: Session<DuckDBConnection>, sql: string): Promise<readonly (readonly unknown[])[]> {
    const reader = await session.call((connection) => this.#server.alone(() => connection.runAndReadAll(sql)));
    return reader.getRows();
  }
}

function refuse(error: ParqueueError): never {
  throw error;
}

export interface SmallSourceOptions {
  readonly server: SmallServer;
  readonly clock: Clock;
  readonly randomId: RandomId;
}

/** 4. The source. */
export async function openSmallSource({ server, clock, randomId }: SmallSourceOptions): Promise<Source> {
  return openSqlSource(new SmallDatabase(server, clock), {
    schema: 'main',
    session: {},
    pool: { max: 2 },
    connectTimeoutMs: 10_000,
    secrets: [],
    randomId,
    chance: () => 0.5,
    clock,
  });
}
