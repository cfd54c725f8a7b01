/** Postgres as a SQL database (sources/sql/database.ts), put together from the parts of this folder. */
import type { TypedValue } from '../../model/request.ts';
import type { AskedTables, Begun, Bound, ExpectedRows, ExpectedWire, Known, SqlDatabase } from '../sql/database.ts';
import type { SqlSourceQuestion } from '../sql/question.ts';
import type { WireChunk } from '../sql/wire/fields.ts';
import { boundStatement, type PostgresBinds } from './bind.ts';
import type { ConnectOptions } from './connect.ts';
import type { PostgresConnection } from './connection.ts';
import { ColumnDescriber } from './describe.ts';
import { PostgresDriver, type PostgresSession } from './driver.ts';
import { projected } from './projection.ts';
import { rowsOf, wireRowsOf } from './rows.ts';
import { beginSnapshot } from './snapshot.ts';
import { PostgresSplits } from './split.ts';
import { POSTGRES_TYPES } from './types-system.ts';
import type { PostgresColumn } from './types.ts';
import { PostgresTables } from './versions.ts';

export class PostgresDatabase implements SqlDatabase<PostgresConnection, PostgresColumn, PostgresBinds> {
  readonly kind = 'postgres';
  readonly tracks = 'row-version';
  readonly driver: PostgresDriver;
  readonly types = POSTGRES_TYPES;
  readonly project = projected;
  readonly split = new PostgresSplits();
  readonly #tables: PostgresTables;
  readonly #describer = new ColumnDescriber();

  constructor(options: ConnectOptions) {
    this.driver = new PostgresDriver(options);
    this.#tables = new PostgresTables(options);
  }

  bind(statement: string, values: Readonly<Record<string, TypedValue>>): Bound<PostgresBinds> {
    return boundStatement(statement, values);
  }

  begin(session: PostgresSession): Promise<Begun> {
    return beginSnapshot(session);
  }

  askTables(session: PostgresSession, question: SqlSourceQuestion, known: Known): Promise<AskedTables> {
    return this.#tables.askTables(session, question, known);
  }

  asksSeveral(question: SqlSourceQuestion, known: Known): boolean {
    return this.#tables.asksSeveral(question, known);
  }

  readonly confirm = (session: PostgresSession, question: SqlSourceQuestion): Promise<void> =>
    this.#tables.confirm(session, question);

  describe(session: PostgresSession, bound: Bound<PostgresBinds>): Promise<readonly PostgresColumn[]> {
    return this.#describer.describe(session, bound);
  }

  rows(
    session: PostgresSession,
    bound: Bound<PostgresBinds>,
    { columns }: ExpectedRows<PostgresColumn>,
  ): AsyncGenerator<unknown[][], void, undefined> {
    return rowsOf(session, { ...bound, columns });
  }

  readonly wireRows = (
    session: PostgresSession,
    bound: Bound<PostgresBinds>,
    { wires }: ExpectedWire<PostgresColumn>,
  ): AsyncGenerator<WireChunk, void, undefined> =>
    wireRowsOf(session, { ...bound, formats: wires.map((wire) => wire?.binaryOf ?? null) });
}
