/**
 * What stands behind a part: a table, or a view and what it reads, down to the tables, and the definitions on the way.
 * What cannot be followed is refused, never left out. Nothing is remembered: a few questions cost less than the checksum
 * of a small table, and after EXPLAIN took the metadata locks (relations.ts) their answers hold to the transaction's end.
 *
 * information_schema shows columns and views only as far as the user may see them. A table whose columns may not all be
 * seen, and a view whose definition is hidden, are refused with the grant that is missing.
 */
import { isParqueueError, type ParqueueError } from '../../model/errors.ts';
import { labelOf, readStatement, tellObstacles } from '../../sql/index.ts';
import type { PartName } from '../sql/database.ts';
import { faultKindOf } from '../sql/faults.ts';
import type { Session } from '../sql/session.ts';
import { untrackable } from '../sql/untrackable.ts';
import { definitionDigest, unknownColumns, type ColumnDefinition } from './checksum.ts';
import type { MysqlConnection } from './connection.ts';
import { ask, quotedName, type Answer } from './query.ts';
import { tablesExplained, tablesIn, UNSAID, type TableName, type TableRead } from './relations.ts';

export interface BaseTable extends TableName {
  readonly label: string;
  readonly columns: readonly ColumnDefinition[];
  readonly hiddenTimes: boolean;
  /** Of all that makes its rows what they are: columns, types, collations, expressions, partitions. */
  readonly structure: string;
  /** Its rows follow from its name (the SEQUENCE engine): nothing has to be asked. */
  readonly constant: boolean;
  /** A transaction shows its rows in one state. */
  readonly snapshots: boolean;
  /** Its partitions, asked for by name, show what its rows were: not what the checksum is of. */
  readonly keepsHistory: boolean;
}

export interface Expansion {
  /** By label, each once. */
  readonly tables: readonly BaseTable[];
  /** Labels of views and tables. */
  readonly behind: ReadonlySet<string>;
  /** null: the part is a table. Otherwise a digest of every definition on the way; another one reads other rows. */
  readonly definition: string | null;
}

/** Engines that hold their rows in this server, and whether transactions see them in one state. */
const ENGINES: ReadonlyMap<string, { readonly snapshots: boolean }> = new Map(
  Object.entries({
    ...{ INNODB: { snapshots: true }, ROCKSDB: { snapshots: true }, SEQUENCE: { snapshots: true } },
    ...{ MYISAM: { snapshots: false }, MRG_MYISAM: { snapshots: false }, ARIA: { snapshots: false } },
    ...{ MEMORY: { snapshots: false }, ARCHIVE: { snapshots: false }, CSV: { snapshots: false } },
    BLACKHOLE: { snapshots: false },
  }),
);

/** Their rows are the server's own state, or change with it. */
const SYSTEM_SCHEMAS = new Set(['information_schema', 'performance_schema', 'mysql', 'sys']);

/** Views that read views: deeper or wider than this is no accident any more. */
const DEPTH_MAX = 32;
const OBJECTS_MAX = 400;

export async function expand(session: Session<MysqlConnection>, part: PartName): Promise<Expansion> {
  return await new Walk(session, part).expansion();
}

export function labelFor({ schema, name }: TableName): string {
  return labelOf({ schema, name }, schema, 'mysql');
}

/** As information_schema.TABLES has it. */
interface Found extends TableName {
  readonly type: string;
  readonly engine: string;
  readonly partitioned: boolean;
}

/** One walk from a part down to its tables. */
class Walk {
  readonly #session: Session<MysqlConnection>;
  readonly #part: PartName;
  readonly #tables = new Map<string, BaseTable>();
  readonly #behind = new Set<string>();
  readonly #definitions: string[] = [];

  constructor(session: Session<MysqlConnection>, part: PartName) {
    this.#session = session;
    this.#part = part;
  }

  async expansion(): Promise<Expansion> {
    const { schema, name } = this.#part;
    this.#refuseSystem({ schema, name });
    const explained = await this.#explain();
    await this.#visit({ schema, name }, 0);
    this.#compare(explained);
    const tables = [...this.#tables.values()].toSorted((a, b) => (a.label < b.label ? -1 : 1));
    const definition = this.#definitions.length === 0 ? null : definitionDigest(this.#definitions.toSorted());
    return { tables, behind: this.#behind, definition };
  }

  /** Takes the locks, and tells whether the user may read all of it. */
  async #explain(): Promise<readonly TableRead[]> {
    const { schema, name } = this.#part;
    try {
      const explained = await tablesExplained(this.#session, `SELECT * FROM ${quotedName(schema)}.${quotedName(name)}`);
      if (explained !== null) return explained;
    } catch (error) {
      // A view whose definer lost a right, or whose table is gone: the server's own words are the better ones.
      if (!isParqueueError(error) || faultKindOf(error) !== 'privileges' || databaseCode(error) === VIEW_INVALID)
        throw error;
      const found = await this.#find({ schema, name });
      // Not to be seen at all: the statement will be refused whatever its version.
      if (found === null) throw error;
      throw found.type === 'VIEW'
        ? this.#hidden(found, 'SHOW VIEW', 'what it reads')
        : untrackable(
            this.#part,
            'the user of this source may not read all of its columns',
            `grant SELECT on ${labelFor(found)}`,
          );
    }
    throw untrackable(this.#part, `the server does not say which tables it reads (${UNSAID})`);
  }

  async #visit(target: TableName, depth: number): Promise<void> {
    const found = await this.#find(target);
    if (found === null) {
      const label = labelFor(target);
      throw untrackable(
        this.#part,
        `it reads ${label}, which the user of this source cannot see`,
        `grant SELECT on ${label}`,
      );
    }
    const label = labelFor(found);
    if (this.#behind.has(label)) return;
    if (depth > DEPTH_MAX || this.#behind.size >= OBJECTS_MAX) {
      throw untrackable(this.#part, 'its views are nested too deeply to be followed');
    }
    this.#behind.add(label);
    this.#refuseSystem(found);
    switch (found.type) {
      case 'BASE TABLE':
      case 'SYSTEM VERSIONED':
        this.#tables.set(label, await this.#table(found, label));
        return;
      case 'VIEW':
        return await this.#view(found, label, depth);
      case 'SEQUENCE':
        throw untrackable(this.#part, `${label} is a sequence, whose numbers are no rows of a state`);
      default:
        throw untrackable(this.#part, `${label} is a ${found.type.toLowerCase()}, which has no version`);
    }
  }

  async #find({ schema, name }: TableName): Promise<Found | null> {
    const rows = await ask(
      this.#session,
      'SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE, CREATE_OPTIONS FROM information_schema.TABLES '
        + 'WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
      [schema, name],
    );
    // The server compares names in its dictionary without case, whatever it does with tables. It found this one already.
    const row = rows.find(([s, n]) => s === schema && n === name) ?? (rows.length === 1 ? rows[0] : undefined);
    if (row === undefined) return null;
    const [foundSchema, foundName, type, engine, options] = row;
    return {
      schema: foundSchema ?? schema,
      name: foundName ?? name,
      type: type ?? '',
      engine: (engine ?? '').toUpperCase(),
      partitioned: /\bpartitioned\b/i.test(options ?? ''),
    };
  }

  async #table(found: Found, label: string): Promise<BaseTable> {
    const engine = ENGINES.get(found.engine);
    if (engine === undefined) {
      throw untrackable(
        this.#part,
        `the rows of ${label} are in the engine ${found.engine || 'nobody knows'}, which may hold them elsewhere or in no one state`,
      );
    }
    const columns = await this.#columns(found, label);
    const unknown = unknownColumns(columns.definitions);
    if (unknown[0] !== undefined && found.engine !== 'SEQUENCE') {
      throw untrackable(this.#part, `${label} has the column ${unknown[0].name} of the type ${unknown[0].dataType}`);
    }
    const isVersioned = found.type === 'SYSTEM VERSIONED';
    const partitions = found.partitioned ? await this.#partitions(found) : [];
    return {
      schema: found.schema,
      name: found.name,
      label,
      columns: columns.definitions,
      hiddenTimes: isVersioned && !columns.rows.some((row) => row.includes('ROW START')),
      structure: definitionDigest([columns.rows, partitions, isVersioned]),
      constant: found.engine === 'SEQUENCE',
      snapshots: engine.snapshots,
      keepsHistory: isVersioned && partitions.some(([, , method]) => method === 'SYSTEM_TIME'),
    };
  }

  async #columns(
    found: TableName,
    label: string,
  ): Promise<{ readonly rows: Answer; readonly definitions: readonly ColumnDefinition[] }> {
    try {
      // Allowed to those who may read the whole table only: others see some of its columns, and would not know.
      await ask(this.#session, `SHOW CREATE TABLE ${quotedName(found.schema)}.${quotedName(found.name)}`);
    } catch (error) {
      if (faultKindOf(error) !== 'privileges') throw error;
      throw untrackable(this.#part, `the user of this source may not read all of ${label}`, `grant SELECT on ${label}`);
    }
    const rows = await ask(
      this.#session,
      'SELECT COLUMN_NAME, DATA_TYPE, IS_NULLABLE, CHARACTER_OCTET_LENGTH, COLUMN_TYPE, CHARACTER_SET_NAME, '
        + 'COLLATION_NAME, COLUMN_DEFAULT, EXTRA, GENERATION_EXPRESSION FROM information_schema.COLUMNS '
        + 'WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION',
      [found.schema, found.name],
    );
    const definitions = rows.map(([name, dataType, nullable, octets]) => ({
      name: name ?? '',
      dataType: (dataType ?? '').toLowerCase(),
      nullable: nullable !== 'NO',
      octetsMax: octets === null || octets === undefined ? null : Number(octets),
    }));
    return { rows, definitions };
  }

  /** Which rows a statement's PARTITION (…) means. */
  async #partitions({ schema, name }: TableName): Promise<Answer> {
    return await ask(
      this.#session,
      'SELECT PARTITION_NAME, SUBPARTITION_NAME, PARTITION_METHOD, SUBPARTITION_METHOD, PARTITION_EXPRESSION, '
        + 'SUBPARTITION_EXPRESSION, PARTITION_DESCRIPTION FROM information_schema.PARTITIONS '
        + 'WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY PARTITION_ORDINAL_POSITION, SUBPARTITION_ORDINAL_POSITION',
      [schema, name],
    );
  }

  async #view(view: Found, label: string, depth: number): Promise<void> {
    const names = [view.schema, view.name];
    const [row = []] = await ask(
      this.#session,
      'SELECT VIEW_DEFINITION, DEFINER, SECURITY_TYPE, CHARACTER_SET_CLIENT, COLLATION_CONNECTION '
        + 'FROM information_schema.VIEWS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
      names,
    );
    const [text] = row;
    if (text === null || text === undefined || text === '') throw this.#hidden(view, 'SHOW VIEW', 'its definition');
    const columns = await ask(
      this.#session,
      'SELECT COLUMN_NAME, COLUMN_TYPE, COLLATION_NAME FROM information_schema.COLUMNS '
        + 'WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION',
      names,
    );
    this.#definitions.push(JSON.stringify([label, row, columns]));
    const reads = this.#reads(label, text).map(({ schema, name }) => ({ schema: schema ?? view.schema, name }));
    for (const read of reads) await this.#visit(read, depth + 1);
    // Two readers of the same text: what one of them missed is no version to rely on.
    this.#compare(tablesIn(text));
  }

  #reads(label: string, text: string): readonly { readonly schema: string | null; readonly name: string }[] {
    try {
      const { reads, obstacles } = readStatement(text, 'mysql');
      if (obstacles.length === 0) return reads;
      throw untrackable(this.#part, `the view ${label} uses ${tellObstacles(obstacles)}`);
    } catch (error) {
      if (!isParqueueError(error) || error.code === 'PQ_UNTRACKABLE') throw error;
      throw untrackable(this.#part, `the definition of the view ${label} cannot be analysed: ${error.message}`);
    }
  }

  #compare(named: readonly TableRead[]): void {
    const missed = notBehind(named, this.#behind);
    if (missed !== null) throw untrackable(this.#part, `the server says it reads ${missed}, which is not seen in it`);
    const history = historyRead(named, [...this.#tables.values()]);
    if (history !== null) throw untrackable(this.#part, `it reads ${history}`);
  }

  #refuseSystem(target: TableName): void {
    if (!SYSTEM_SCHEMAS.has(target.schema.toLowerCase())) return;
    throw untrackable(this.#part, `${labelFor(target)} belongs to the server itself, whose state has no version`);
  }

  #hidden(view: TableName, privilege: string, what: string): ParqueueError {
    const label = labelFor(view);
    return untrackable(
      this.#part,
      `the user of this source may not see ${what} (the view ${label})`,
      `grant SELECT, ${privilege} on ${label} and on what it reads`,
    );
  }
}

const VIEW_INVALID = '(1356)';

function databaseCode({ details }: ParqueueError): string {
  return (
    String(details['database'] ?? '')
      .split(' ')
      .at(-1) ?? ''
  );
}

/** What is read of a table's history without saying so; null: nothing. */
export function historyRead(named: readonly TableRead[], tables: readonly BaseTable[]): string | null {
  const byPartition = new Set(named.filter((read) => read.byPartition).map((read) => labelFor(read).toLowerCase()));
  const read = tables.find(({ label, keepsHistory }) => keepsHistory && byPartition.has(label.toLowerCase()));
  return read === undefined
    ? null
    : `the history of ${read.label}, which its partitions show that are asked for by name`;
}

/** The first of the tables that is not among those known, if any. Names that differ in case may be one table's. */
export function notBehind(named: readonly TableName[], behind: ReadonlySet<string>): string | null {
  const folded = new Set([...behind].map((label) => label.toLowerCase()));
  const missed = named.find((table) => !folded.has(labelFor(table).toLowerCase()));
  return missed === undefined ? null : labelFor(missed);
}
