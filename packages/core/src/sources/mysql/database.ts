/** MySQL and MariaDB as a SQL database (sources/sql/database.ts), put together from the parts of this folder. */
import type { TypedValue } from '../../model/request.ts';
import type { AskedTables, Begun, Bound, ExpectedRows, Known, SqlDatabase, TypeSystem } from '../sql/database.ts';
import type { SqlSourceQuestion } from '../sql/question.ts';
import type { Session } from '../sql/session.ts';
import type { WireChunk } from '../sql/wire/fields.ts';
import { boundStatement, type MysqlValue } from './bind.ts';
import type { ConnectOptions } from './connect.ts';
import type { MysqlConnection } from './connection.ts';
import type { MysqlColumn } from './describe.ts';
import { MysqlDriver } from './driver.ts';
import { describe, rowsOf, wireRowsOf } from './rows.ts';
import { begin } from './snapshot.ts';
import { mysqlTypes } from './types.ts';
import { askTables, asksSeveral } from './versions.ts';

type MysqlSession = Session<MysqlConnection>;
type MysqlBound = Bound<readonly MysqlValue[]>;

const UTC = '+00:00';

export class MysqlDatabase implements SqlDatabase<MysqlConnection, MysqlColumn, readonly MysqlValue[]> {
  readonly kind = 'mysql';
  readonly tracks = 'table-checksum';
  readonly driver: MysqlDriver;
  readonly types: TypeSystem<MysqlColumn>;
  readonly confirm = null;
  /** A derived table would lose the order of its rows. */
  readonly project = null;
  /** No session can share another one's snapshot. */
  readonly split = null;
  readonly #options: ConnectOptions;
  readonly #timeZone: string;

  constructor(options: ConnectOptions) {
    this.#options = options;
    this.#timeZone = options.session['time_zone'] ?? UTC;
    this.driver = new MysqlDriver(options);
    this.types = mysqlTypes(this.#timeZone);
  }

  readonly bind = (statement: string, values: Readonly<Record<string, TypedValue>>): MysqlBound =>
    boundStatement(statement, values, this.#timeZone);

  begin(session: MysqlSession): Promise<Begun> {
    return begin(session);
  }

  askTables(session: MysqlSession, question: SqlSourceQuestion, known: Known): Promise<AskedTables> {
    return askTables(session, question, { clock: this.#options.clock, bind: this.bind }, known);
  }

  asksSeveral(question: SqlSourceQuestion, known: Known): boolean {
    return asksSeveral(question, known);
  }

  describe(session: MysqlSession, bound: MysqlBound): Promise<readonly MysqlColumn[]> {
    return describe(session, bound);
  }

  rows(
    session: MysqlSession,
    bound: MysqlBound,
    expected: ExpectedRows<MysqlColumn>,
  ): AsyncGenerator<unknown[][], void, undefined> {
    return rowsOf(session, bound, expected);
  }

  readonly wireRows = (
    session: MysqlSession,
    bound: MysqlBound,
    expected: ExpectedRows<MysqlColumn>,
  ): AsyncGenerator<WireChunk, void, undefined> => wireRowsOf(session, bound, expected);
}
