/**
 * The plan of one load: from the columns as a database describes them and the caller's wish to the statement to run, the
 * conversion of its rows and the columns of the Parquet file. Pure; one plan serves one load, since it counts.
 */
import { manifestColumn, typeName, type Column, type ColumnType } from '../../parquet/column-type.ts';
import type { ColumnChunk, ColumnSink } from '../../parquet/row-appender.ts';
import { Refusal } from '../../parquet/columns/refusal.ts';
import { canonicalColumnType, PLAIN_COLUMN_TYPES } from '../../model/column-type.ts';
import { isParqueueError, ParqueueError } from '../../model/errors.ts';
import type { ManifestColumn } from '../../model/manifest.ts';
import type { NumbersAs } from '../../model/request.ts';
import type { TypeSystem } from './database.ts';
import { ColumnNames, distinctNames, type Projection } from './projection.ts';
import type { Convert, Described, Expression, Mapping } from './types.ts';
import { declaredAs } from './values-declared.ts';
import { AS_IT_IS, convertColumn, type Conversion, type Progress } from './values.ts';
import { eachValue, type ColumnReader, type ColumnReading, type Wire, type WireRows } from './wire/fields.ts';
import { nanosecondsOf, monthsOf } from './values-intervals.ts';
import { textOfNumber } from './values-scalars.ts';

export interface ColumnWish {
  /** Names in the wanted order; null: all. */
  readonly columns: readonly string[] | null;
  /** Declared types by column name (model/column-type.ts). */
  readonly columnTypes: Readonly<Record<string, string>>;
  readonly numbers: NumbersAs;
}

/** How statements and types of the database are dealt with (database.ts). */
export interface PlanTools<D extends Described> {
  readonly types: TypeSystem<D>;
  readonly project: ((text: string, projection: Projection) => string) | null;
}

export interface LoadPlan {
  /** What RowAppender is made with. */
  readonly columns: readonly Column[];
  /**
   * The statement to execute in place of `text`, which was described or has the same columns; `text` itself where
   * nothing is to be changed. `only` keeps some of its rows; only for databases that project.
   * @throws ParqueueError PQ_INVALID_REQUEST for a column in `only` that is not there
   */
  readonly statement: (text: string, only?: RowFilter) => string;
  /**
   * Makes of the driver's rows what RowAppender takes, in place; where the database does not project, the wanted columns
   * are picked first.
   * @throws ParqueueError PQ_VALUE_OUT_OF_RANGE naming column, row and the beginning of the value
   */
  readonly convertRows: (rows: unknown[][]) => void;
  /** How values of the rows that come are read from the wire, in the order in which they come; null: their readings are. */
  readonly wires: readonly (Wire | null)[];
  /** What RowAppender takes, of rows as they arrived. */
  readonly columnsOf: (rows: WireRows) => ColumnChunk;
  /** An error of RowAppender with the way out added; anything else as it is. */
  readonly explain: (error: unknown) => unknown;
  /** Values so far that float64 could not hold exactly, by column; only columns that have some. */
  readonly rounded: () => Readonly<Record<string, number>>;
  readonly manifestColumns: () => readonly ManifestColumn[];
}

export interface RowFilter {
  /** Any column of the statement, wanted or not. */
  readonly column: string;
  /** A condition on it, for example `NVL(ORA_HASH(${reference},3),0)=1`. */
  readonly condition: Expression;
}

/** A byte that is no UTF-8 becomes three, two of UTF-16 as well, and one of a RAW two digits. */
const TEXT_GROWTH = 3;

/** Texts of numbers and times, which have a few bytes on the wire: Oracle's 1E-130 has 132 characters, with 40 digits 172. */
const MADE_TEXT_BYTES = 192;

interface PlannedColumn {
  readonly column: Column;
  readonly sourceType: string;
  /** Among the described columns. */
  readonly position: number;
  readonly expression: Expression | null;
  readonly decode: Convert | null;
  readonly conversion: Conversion;
  readonly wire: Wire | null;
  readonly note: string | null;
  readonly wayOut: string | null;
}

/**
 * @throws ParqueueError PQ_UNSUPPORTED_TYPE naming column, type and the way out; PQ_INVALID_REQUEST for a wanted or
 * declared column that is not there
 */
export function planColumns<D extends Described>(
  described: readonly D[],
  wish: ColumnWish,
  tools: PlanTools<D>,
): LoadPlan {
  const names = distinctNames(described.map(({ name }) => name));
  const finder = new ColumnNames(names);
  const declared = new Map(
    Object.entries(wish.columnTypes).map(([name, type]) => [finder.position(name), type] as const),
  );
  const positions = wish.columns === null ? names.keys() : finder.positions(wish.columns);
  const columns = Array.from(positions, (position) =>
    plannedColumn({
      types: tools.types,
      described: described[position] as D,
      name: names[position] as string,
      position,
      declared: declared.get(position) ?? null,
      numbers: wish.numbers,
    }),
  );
  return new PlannedLoad({
    described: described.map(({ name }) => name),
    planned: columns,
    finder,
    project: tools.project,
  });
}

interface PlannedParts {
  readonly described: readonly string[];
  readonly planned: readonly PlannedColumn[];
  readonly finder: ColumnNames;
  readonly project: PlanTools<Described>['project'];
}

class PlannedLoad implements LoadPlan {
  readonly columns: readonly Column[];
  private readonly parts: PlannedParts;
  private readonly planned: readonly PlannedColumn[];
  /** What a column's values need, one after the other, by its place in a row. */
  private readonly conversionsAt: readonly (readonly Conversion[])[];
  /** Places of the wanted columns in the rows that come; null: the rows have just those. */
  private readonly picking: readonly number[] | null;
  private readonly roundedAt: number[];
  private rows = 0;
  readonly wires: readonly (Wire | null)[];
  private readonly readers: readonly (ColumnReader | null)[];
  /** Of a row at most, besides what its texts on the wire become. */
  private readonly madeBytes: number;

  constructor(parts: PlannedParts) {
    const { planned, described, project } = parts;
    this.parts = parts;
    this.planned = planned;
    this.columns = planned.map(({ column }) => column);
    this.conversionsAt = planned.map(({ decode, conversion }) => [
      ...(decode === null ? [] : [{ kind: 'each', convert: decode } as const]),
      ...(conversion.kind === 'none' ? [] : [conversion]),
    ]);
    const asTheyCome = planned.length === described.length && planned.every(({ position }, at) => position === at);
    this.picking = project === null && !asTheyCome ? planned.map(({ position }) => position) : null;
    this.roundedAt = planned.map(() => 0);
    this.wires =
      this.picking === null
        ? planned.map(({ wire }) => wire)
        : described.map((_, at) => planned.find(({ position }) => position === at)?.wire ?? null);
    this.readers = planned.map(({ wire, column }) => wire?.into(column.type) ?? null);
    const isMade = ({ type }: Column, at: number): boolean => type.kind === 'utf8' && this.readers[at] === null;
    this.madeBytes = MADE_TEXT_BYTES * this.columns.filter(isMade).length;
  }

  readonly statement = (text: string, only?: RowFilter): string => {
    const { described, finder, project } = this.parts;
    if (project === null) {
      if (only !== undefined) throw new Error('invariant broken: a load that is not projected has no filter');
      return text;
    }
    return project(text, {
      described,
      wanted: this.planned,
      only: only === undefined ? null : { position: finder.position(only.column), condition: only.condition },
    });
  };

  readonly convertRows = (rows: unknown[][]): void => {
    const { picking } = this;
    if (picking !== null) {
      for (let i = 0; i < rows.length; i += 1) {
        const row = rows[i] as unknown[];
        rows[i] = picking.map((position) => row[position]);
      }
    }
    for (const [at, conversions] of this.conversionsAt.entries())
      for (const conversion of conversions) {
        const progress: Progress = { row: 0, rounded: 0 };
        try {
          convertColumn(rows, at, conversion, progress);
        } catch (error) {
          throw error instanceof Refusal ? this.refused(at, progress.row, error) : error;
        }
        this.roundedAt[at] = (this.roundedAt[at] ?? 0) + progress.rounded;
      }
    this.rows += rows.length;
  };

  readonly columnsOf = (rows: WireRows): ColumnChunk => ({
    rows: rows.rows,
    bytes: TEXT_GROWTH * rows.wireBytes + this.madeBytes * rows.rows,
    fill: (at, sink, from, to) => {
      const usual = (place: number, row: number): void => this.putUsually(at, sink, { value: rows.value(place), row });
      const reading = { rows, column: this.picking?.[at] ?? at, from, to, sink, usual };
      const reader = this.readers[at] ?? readUsually;
      reader(reading);
    },
  });

  private putUsually(
    at: number,
    sink: ColumnSink,
    { value, row }: { readonly value: unknown; readonly row: number },
  ): void {
    sink.row = row;
    const cell = [value];
    for (const conversion of this.conversionsAt[at] ?? []) {
      const progress: Progress = { row: 0, rounded: 0 };
      convertColumn([cell], 0, conversion, progress);
      this.roundedAt[at] = (this.roundedAt[at] ?? 0) + progress.rounded;
    }
    sink.builder.set(row, cell[0]);
  }

  readonly explain = (error: unknown): unknown => {
    if (!isParqueueError(error) || error.code !== 'PQ_VALUE_OUT_OF_RANGE' || 'wayOut' in error.details) return error;
    const wayOut = this.planned.find(({ column }) => column.name === error.details['column'])?.wayOut ?? null;
    if (wayOut === null) return error;
    return new ParqueueError(error.code, `${error.message} (${wayOut})`, {
      details: { ...error.details, wayOut },
      cause: error.cause,
    });
  };

  readonly rounded = (): Readonly<Record<string, number>> =>
    Object.fromEntries(
      this.planned
        .map(({ column }, at) => [column.name, this.roundedAt[at] ?? 0] as const)
        .filter(([, count]) => count > 0),
    );

  readonly manifestColumns = (): readonly ManifestColumn[] =>
    this.planned.map(({ column, sourceType, note }) => ({
      ...manifestColumn(column, sourceType),
      ...(note === null ? {} : { note }),
    }));

  private refused(at: number, row: number, refusal: Refusal): unknown {
    const { column } = this.planned[at] as PlannedColumn;
    const type = typeName(column.type);
    const number = this.rows + row + 1;
    return this.explain(
      new ParqueueError('PQ_VALUE_OUT_OF_RANGE', `row ${number}, column ${column.name} (${type}): ${refusal.message}`, {
        details: { column: column.name, type, row: number },
      }),
    );
  }
}

function readUsually(reading: ColumnReading): void {
  eachValue(reading, (row, _start, _end, at) => reading.usual(at, row));
}

interface Planning<D extends Described> {
  readonly types: TypeSystem<D>;
  readonly described: D;
  /** Of the column in the file. */
  readonly name: string;
  readonly position: number;
  readonly declared: string | null;
  readonly numbers: NumbersAs;
}

function plannedColumn<D extends Described>(planning: Planning<D>): PlannedColumn {
  const { types, described, name, position, declared, numbers } = planning;
  const mapping = types.mappingOf({ ...described, name }, numbers);
  const sourceType = types.sourceTypeOf(described);
  const renamed = name === described.name ? [] : [`the statement calls it ${described.name}, like another column`];
  const common = { sourceType, position };
  if (declared === null) {
    const notes = [...renamed, ...(mapping.note === undefined ? [] : [mapping.note])];
    return {
      ...common,
      column: { name, type: mapping.type, nullable: true },
      expression: mapping.expression,
      decode: mapping.decode ?? null,
      conversion: conversionOf(mapping),
      wire: wireFor(mapping.wire, mapping.type, conversionOf(mapping)),
      note: noteOf(notes),
      wayOut: mapping.wayOut ?? null,
    };
  }
  const canonical = canonicalColumnType(declared);
  const source = canonical === 'varchar' ? (mapping.asText ?? mapping) : mapping;
  const chosen = canonical === null ? null : declaredAs(canonical, source.reading);
  if (chosen === null) throw undeclarable({ sourceType, name, declared, known: canonical !== null });
  return {
    ...common,
    column: { name, type: chosen.type, nullable: true },
    expression: source.expression,
    decode: source.decode ?? null,
    conversion: chosen.conversion,
    wire: wireFor(source.wire, chosen.type, chosen.conversion),
    note: noteOf([...renamed, `declared ${canonical ?? declared}`]),
    wayOut: null,
  };
}

/** Where nothing is to be done to a value but what the reader does by itself. */
function wireFor(wire: Wire | undefined, type: ColumnType, conversion: Conversion): Wire | null {
  const isItsOwn = conversion.kind !== 'each' || conversion === DIGITS_AS_TEXT;
  return isItsOwn && wire?.into(type) != null ? wire : null;
}

function noteOf(notes: readonly string[]): string | null {
  return notes.length === 0 ? null : notes.join('; ');
}

const DIGITS_AS_TEXT: Conversion = { kind: 'each', convert: textOfNumber };

/** How the value of a column that declares nothing gets into the type it was mapped to. */
function conversionOf({ type, reading }: Mapping): Conversion {
  switch (reading.kind) {
    case 'number':
      if (type.kind === 'utf8') return DIGITS_AS_TEXT;
      return type.kind === 'float64' ? { kind: 'rounding' } : AS_IT_IS;
    case 'time':
      return { kind: 'iso-year' };
    case 'days':
      return { kind: 'each', convert: nanosecondsOf };
    case 'months':
      return { kind: 'each', convert: monthsOf };
    default:
      return AS_IT_IS;
  }
}

interface Undeclarable {
  readonly sourceType: string;
  readonly name: string;
  readonly declared: string;
  readonly known: boolean;
}

function undeclarable({ sourceType: type, name, declared, known }: Undeclarable): ParqueueError {
  const message = known
    ? `column ${name} has the type ${type}, which cannot be loaded as ${declared}: declare another type, or convert it in the statement`
    : `column ${name} declares the type ${declared}: use one of ${PLAIN_COLUMN_TYPES.join(', ')}, decimal(p,s) with p up to 38`;
  return new ParqueueError('PQ_UNSUPPORTED_TYPE', message, { details: { column: name, type, declared } });
}
