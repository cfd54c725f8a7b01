/** One session: parses, describes, executes, and keeps its transaction, its settings and what it has running. */
import type { DuckDBConnection, DuckDBInstance, DuckDBPreparedStatement } from '@duckdb/node-api';
import type { Bind, EngineSession, Execution, RowSource, Statement } from '../../engine.ts';
import { OraError } from '../../engine.ts';
import type { Query, Statement as Parsed } from './ast.ts';
import { compileQuery } from './compile-query.ts';
import type { CompiledQuery, Context } from './context.ts';
import { convert } from './convert.ts';
import { executeDdl } from './ddl.ts';
import { applyChange, compileChange, compileLock, insert } from './dml.ts';
import { oracleError } from './errors.ts';
import { parseStatement } from './parse-statement.ts';
import { openRows } from './rows.ts';
import { contextOf } from './session-context.ts';
import { Settings } from './settings.ts';
import type { SharedState } from './shared-state.ts';
import type { Transaction } from './transactions.ts';

/** What the wire sees as a statement, with what stands behind it. */
interface OwnStatement extends Statement {
  readonly parsed: Parsed;
}

const CANCELLED = 'user requested cancel of current operation';

export class DuckDbSession implements EngineSession {
  readonly id: number;
  readonly user: string;
  readonly settings: Settings;
  readonly #instance: DuckDBInstance;
  readonly #shared: SharedState;
  /** For writing; every query that is read has a connection of its own. */
  readonly #writer: DuckDBConnection;
  readonly #open = new Set<RowSource & { interrupt(): void }>();
  #transaction: Transaction | null = null;
  /** The SCN of SET TRANSACTION READ ONLY. */
  #pinned: bigint | null = null;
  /** Whatever is running that a break must end, the connection it runs on included. */
  #running: { cancelled: boolean; connection: DuckDBConnection | null; cancel: (error: OraError) => void } | null =
    null;

  constructor(options: {
    readonly id: number;
    readonly user: string;
    readonly instance: DuckDBInstance;
    readonly writer: DuckDBConnection;
    readonly shared: SharedState;
  }) {
    this.id = options.id;
    this.user = options.user;
    this.settings = new Settings(options.user);
    this.#instance = options.instance;
    this.#writer = options.writer;
    this.#shared = options.shared;
  }

  get inTransaction(): boolean {
    return this.#transaction !== null;
  }

  setSchema(schema: string): void {
    this.settings.set('CURRENT_SCHEMA', schema);
  }

  async parse(sql: string): Promise<Statement> {
    const { statement, placeholders } = parseStatement(sql);
    const columns = statement.kind === 'query' ? this.#describe(statement.query, placeholders) : [];
    const made: OwnStatement = { sql, kind: KINDS[statement.kind], columns, placeholders, parsed: statement };
    return Promise.resolve(made);
  }

  #describe(query: Query, placeholders: readonly string[]): Statement['columns'] {
    const { columns } = compileQuery(query, this.#context(null, placeholders), null);
    return columns.map(({ name, value }) => ({ name, type: value.type, nullable: value.nullable }));
  }

  async execute(statement: Statement, binds: readonly Bind[]): Promise<Execution> {
    if (!('parsed' in statement)) throw new Error('a statement of another engine');
    const { parsed } = statement as OwnStatement;
    if (binds.length < statement.placeholders.length) throw new OraError(1008, 'not all variables bound');
    this.#shared.counts.add(statement.sql, this.settings.schema);
    const running = this.#start();
    try {
      return await this.#run(parsed, statement, binds, running);
    } catch (error) {
      throw oracleError(error);
    } finally {
      this.#running = null;
    }
  }

  #start(): { readonly cancelled: Promise<never> } {
    let cancel = (_error: OraError): void => undefined;
    const cancelled = new Promise<never>((_resolve, reject) => (cancel = reject));
    cancelled.catch(() => undefined);
    this.#running = { cancelled: false, connection: null, cancel };
    return { cancelled };
  }

  async #run(
    parsed: Parsed,
    statement: Statement,
    binds: readonly Bind[],
    running: { readonly cancelled: Promise<never> },
  ): Promise<Execution> {
    switch (parsed.kind) {
      case 'query':
        if (parsed.query.forUpdate) {
          const { query } = parsed;
          await this.#write(binds, statement, running, (context) => compileLock(query, context));
        }
        return { kind: 'rows', rows: await this.#read(parsed.query, statement, binds) };
      case 'insert':
        return this.#insert(parsed, statement, binds);
      case 'update':
      case 'delete':
        return this.#write(binds, statement, running, (context) => compileChange(parsed, context));
      case 'commit':
        await this.commit();
        break;
      case 'rollback':
        await this.rollback();
        break;
      case 'setTransaction':
        if (this.#transaction !== null || this.#pinned !== null)
          throw new OraError(1453, 'SET TRANSACTION must be first statement of transaction');
        this.#pinned = parsed.readOnly ? this.#shared.transactions.scn : null;
        break;
      case 'alterSession':
        for (const { name, value } of parsed.settings) this.settings.set(name, value);
        break;
      default:
        await this.commit();
        await executeDdl(parsed, {
          context: this.#context(binds, statement.placeholders),
          catalog: this.#shared.catalog,
          connection: this.#writer,
          transactions: this.#shared.transactions,
        });
    }
    return { kind: 'count', rows: 0 };
  }

  async #read(query: Query, statement: Statement, binds: readonly Bind[]): Promise<RowSource> {
    const context = this.#context(binds, statement.placeholders);
    const compiled = asDescribed(compileQuery(query, context, null), statement, context);
    const connection = await this.#instance.connect();
    try {
      const result = await this.#shared.transactions.read(async () => {
        this.#runs(connection);
        const prepared = await connection.prepare(compiled.sql);
        bindParameters(prepared, context);
        return await prepared.run();
      });
      const rows = openRows(
        connection,
        result,
        compiled.columns.map(({ value }) => value),
        () => this.#open.delete(rows),
      );
      this.#open.add(rows);
      return rows;
    } catch (error) {
      connection.closeSync();
      throw error;
    }
  }

  /** From here on a break interrupts this connection. @throws OraError 01013 where the break came before */
  #runs(connection: DuckDBConnection): void {
    if (this.#running === null) return;
    if (this.#running.cancelled) throw new OraError(1013, CANCELLED);
    this.#running.connection = connection;
  }

  #begin(): Transaction {
    if (this.#pinned !== null)
      throw new OraError(1456, 'may not perform insert, delete, update operation inside a READ ONLY transaction');
    this.#transaction ??= this.#shared.transactions.begin();
    return this.#transaction;
  }

  async #insert(
    parsed: Extract<Parsed, { kind: 'insert' }>,
    statement: Statement,
    binds: readonly Bind[],
  ): Promise<Execution> {
    const transaction = this.#begin();
    const rows = await this.#shared.transactions.write(this.#writer, async () => {
      const context = this.#context(binds, statement.placeholders);
      const count = await insert(parsed, context, (sql, at) => this.#runText(sql, at));
      for (const table of context.tables) transaction.tables.add(table);
      return count;
    });
    return { kind: 'count', rows };
  }

  async #write(
    binds: readonly Bind[],
    statement: Statement,
    running: { readonly cancelled: Promise<never> },
    compile: (context: Context) => ReturnType<typeof compileChange>,
  ): Promise<Execution> {
    const transaction = this.#begin();
    for (;;) {
      const done = await this.#shared.transactions.write(this.#writer, async () => {
        const context = this.#context(binds, statement.placeholders);
        const change = compile(context);
        const result = await applyChange(change, context, this.#writer, (sql, at) => this.#runText(sql, at));
        if (result.heldBy === null) transaction.tables.add(change.table);
        return result;
      });
      if (done.heldBy === null) return { kind: 'count', rows: done.rows };
      await this.#shared.transactions.waitFor(done.heldBy, transaction, running.cancelled);
    }
  }

  async #runText(sql: string, context: Context): Promise<number> {
    this.#runs(this.#writer);
    const prepared = await this.#writer.prepare(sql);
    bindParameters(prepared, context);
    const result = await prepared.run();
    return result.rowsChanged;
  }

  async commit(): Promise<void> {
    this.#pinned = null;
    const transaction = this.#transaction;
    this.#transaction = null;
    if (transaction !== null) await this.#shared.transactions.commit(this.#writer, transaction);
  }

  async rollback(): Promise<void> {
    this.#pinned = null;
    const transaction = this.#transaction;
    this.#transaction = null;
    if (transaction !== null) await this.#shared.transactions.rollback(this.#writer, transaction);
  }

  interrupt(): void {
    for (const rows of this.#open) rows.interrupt();
    if (this.#running === null) return;
    this.#running.cancelled = true;
    this.#running.cancel(new OraError(1013, CANCELLED));
    this.#running.connection?.interrupt();
  }

  async close(): Promise<void> {
    for (const rows of this.#open) await rows.close();
    await this.rollback();
    this.#writer.closeSync();
    this.#shared.sessions.delete(this);
  }

  #context(binds: readonly Bind[] | null, placeholders: readonly string[]): Context {
    return contextOf({
      shared: this.#shared,
      settings: this.settings,
      user: this.user,
      binds,
      placeholders,
      pinned: this.#pinned,
      transaction: this.#transaction?.id ?? null,
    });
  }
}

const KINDS: Readonly<Record<Parsed['kind'], Statement['kind']>> = {
  query: 'query',
  insert: 'dml',
  update: 'dml',
  delete: 'dml',
  createTable: 'ddl',
  createView: 'ddl',
  createSynonym: 'ddl',
  drop: 'ddl',
  truncate: 'ddl',
  addColumns: 'ddl',
  dropColumn: 'ddl',
  exchange: 'ddl',
  harmless: 'ddl',
  commit: 'control',
  rollback: 'control',
  setTransaction: 'control',
  alterSession: 'control',
};

/** A bind's type is known only now; what was described as text before is sent as text. */
function asDescribed(query: CompiledQuery, statement: Statement, context: Context): CompiledQuery {
  const differs = query.columns.some(({ value }, index) => statement.columns[index]?.type.kind !== value.type.kind);
  if (!differs) return query;
  const columns = query.columns.map(({ name, value }, index) => {
    const type = statement.columns[index]?.type ?? value.type;
    return {
      name,
      value: type.kind === value.type.kind ? value : convert({ ...value, sql: `"#d"."c${index}"` }, type, context),
    };
  });
  return {
    sql: `SELECT ${columns.map(({ value }, index) => `${value.sql} AS "c${index}"`).join(', ')} FROM (${query.sql}) "#d"`,
    columns,
  };
}

/** Not every parameter is in the text: a constant may have been worked into it. */
function bindParameters(prepared: DuckDBPreparedStatement, { parameters }: Context): void {
  for (let index = 1; index <= prepared.parameterCount; index += 1) {
    const value = parameters[Number(prepared.parameterName(index).slice(1)) - 1];
    if (typeof value === 'string') prepared.bindVarchar(index, value);
    else if (value !== undefined) prepared.bindBlob(index, value);
  }
}
