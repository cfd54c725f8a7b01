/** Oracle as a SQL database (sources/sql/database.ts), put together from the parts of this folder. */
import type { Connection, Metadata } from 'oracledb';
import type { TypedValue } from '../../model/request.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Chunk } from '../sql/wire/fields.ts';
import type {
  AskedTables,
  Begun,
  Bound,
  ExpectedRows,
  ExpectedWire,
  Known,
  SplitLoads,
  SqlDatabase,
} from '../sql/database.ts';
import { faultKindOf } from '../sql/faults.ts';
import type { SqlSourceQuestion } from '../sql/question.ts';
import type { Use } from '../sql/session.ts';
import { boundStatement, type OracleBinds } from './bind.ts';
import type { ConnectOptions } from './connect.ts';
import { Dictionary } from './dictionary.ts';
import { OracleDriver, type OracleSession } from './driver.ts';
import { projected } from './projection.ts';
import { fetchRowsFor, rowsOf, wireRowsOf } from './rows.ts';
import { ScnReader } from './scn.ts';
import { OracleSplits } from './split.ts';
import { ORACLE_TYPES } from './type-system.ts';
import { askTables, asksSeveral, type TableTools } from './versions.ts';

type OracleColumn = Metadata<object>;

export class OracleDatabase implements SqlDatabase<Connection, OracleColumn, OracleBinds> {
  readonly kind = 'oracle';
  readonly tracks = 'rowscn';
  readonly driver: OracleDriver;
  readonly types = ORACLE_TYPES;
  readonly project = projected;
  readonly confirm = null;
  readonly split: SplitLoads<Connection, OracleBinds>;
  readonly #tools: TableTools;
  readonly #scn: ScnReader;

  constructor(options: ConnectOptions & { readonly clock: Clock }) {
    const { clock } = options;
    this.driver = new OracleDriver(options);
    this.#tools = { dictionary: new Dictionary(clock), clock };
    this.#scn = new ScnReader(clock);
    this.split = new OracleSplits(this.#scn);
  }

  bind(statement: string, values: Readonly<Record<string, TypedValue>>): Bound<OracleBinds> {
    return boundStatement(statement, values);
  }

  async begin(session: OracleSession, action: Use['action']): Promise<Begun> {
    // Before the transaction: V$DATABASE shows the present inside of one, too, and this must not be newer.
    const scn = action === 'fill' ? await this.#scn.current(session) : null;
    return { consistency: (await beganReadOnly(session)) ? 'exact' : 'statement', details: { scn } };
  }

  askTables(session: OracleSession, question: SqlSourceQuestion, known: Known): Promise<AskedTables> {
    return askTables(session, question, this.#tools, known);
  }

  /**
   * A single statement is one point in time by itself. Where a transaction is refused the tables are seen one after the
   * other, as they are where other probes saw some of them (shared-probe.ts): what they prove is as old as the first look.
   */
  asksSeveral(question: SqlSourceQuestion, known: Known): boolean {
    return asksSeveral(question, this.#tools, known);
  }

  async describe(session: OracleSession, { text }: Bound<OracleBinds>): Promise<readonly OracleColumn[]> {
    const { metaData = [] } = await session.call((connection) => connection.getStatementInfo(text));
    return metaData;
  }

  rows(
    session: OracleSession,
    bound: Bound<OracleBinds>,
    { described, columns }: ExpectedRows<OracleColumn>,
  ): AsyncGenerator<unknown[][], void, undefined> {
    return rowsOf(session, { ...bound, columns, fetchRows: fetchRowsFor(described) });
  }

  readonly wireRows = (
    session: OracleSession,
    bound: Bound<OracleBinds>,
    { described, columns, wires }: ExpectedWire<OracleColumn>,
  ): AsyncGenerator<Chunk, void, undefined> =>
    wireRowsOf(session, { ...bound, columns, wires, fetchRows: fetchRowsFor(described) });
}

/** false where the database refuses it: then version and rows are two points in time, the version first. */
async function beganReadOnly(session: OracleSession): Promise<boolean> {
  try {
    await session.transact((connection) => connection.execute('SET TRANSACTION READ ONLY'));
    return true;
  } catch (error) {
    const kind = faultKindOf(error);
    if (kind !== 'rejected' && kind !== 'privileges') throw error;
    return false;
  }
}
