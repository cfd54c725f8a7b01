/**
 * The columns of rows that a wrapped function gives as objects: declared, or told by the JavaScript types of their
 * values, never by the values themselves. A number is a double although it is whole today, because a column must not
 * change its type with the rows that happen to be loaded.
 */
import { canonicalColumnType } from '../../model/column-type.ts';
import { ParqueueError } from '../../model/errors.ts';
import type { Column, ColumnType } from '../../parquet/column-type.ts';

export interface RowColumn extends Column {
  /** For the manifest: `declared:bigint`, or `js:number`. */
  readonly sourceType: string;
}

export type RowObject = Readonly<Record<string, unknown>>;

const DECLARED: Readonly<Record<string, ColumnType>> = {
  boolean: { kind: 'bool' },
  integer: { kind: 'int32' },
  bigint: { kind: 'int64' },
  real: { kind: 'float32' },
  double: { kind: 'float64' },
  varchar: { kind: 'utf8' },
  blob: { kind: 'binary' },
  date: { kind: 'date32' },
  timestamp: { kind: 'timestamp', unit: 'us', utc: false },
  timestamptz: { kind: 'timestamp', unit: 'us', utc: true },
};

const BY_VALUE = {
  boolean: { kind: 'bool' },
  number: { kind: 'float64' },
  bigint: { kind: 'int64' },
  string: { kind: 'utf8' },
  Date: { kind: 'timestamp', unit: 'ms', utc: true },
  Uint8Array: { kind: 'binary' },
} as const satisfies Readonly<Record<string, ColumnType>>;

type ValueKind = keyof typeof BY_VALUE;

/** @throws ParqueueError PQ_UNSUPPORTED_TYPE */
export function declaredColumns(columnTypes: Readonly<Record<string, string>>): readonly RowColumn[] {
  return Object.entries(columnTypes).map(([name, text]) => {
    const canonical = canonicalColumnType(text);
    const type = canonical === null ? null : declaredType(canonical);
    if (canonical !== null && type !== null) return { name, type, nullable: true, sourceType: `declared:${canonical}` };
    throw new ParqueueError(
      'PQ_UNSUPPORTED_TYPE',
      `column ${name} declares the type ${text}: use one of ${Object.keys(DECLARED).join(', ')}, decimal(p,s) with p up to 38`,
      { details: { column: name, type: text } },
    );
  });
}

function declaredType(canonical: string): ColumnType | null {
  const decimal = /^decimal\(([0-9]+),([0-9]+)\)$/.exec(canonical);
  if (decimal !== null) return { kind: 'decimal128', precision: Number(decimal[1]), scale: Number(decimal[2]) };
  return Object.hasOwn(DECLARED, canonical) ? (DECLARED[canonical] ?? null) : null;
}

/**
 * Declared columns first, in their order, then the others in the order in which rows first name them. A column without
 * any value is text.
 */
export class ColumnsOfRows {
  readonly #declared: readonly RowColumn[];
  readonly #known: ReadonlySet<string>;
  readonly #seen = new Map<string, ValueKind | null>();
  #rows = 0;

  constructor(declared: readonly RowColumn[]) {
    this.#declared = declared;
    this.#known = new Set(declared.map(({ name }) => name));
  }

  /** @throws ParqueueError PQ_UNSUPPORTED_TYPE naming column and row */
  see(row: RowObject): void {
    const at = this.#rows;
    this.#rows += 1;
    for (const [name, value] of Object.entries(row)) {
      if (this.#known.has(name)) continue;
      const before = this.#seen.get(name);
      const kind = value === null || value === undefined ? null : kindOf(value);
      if (kind === before) continue;
      if (kind === 'other') throw unsupported(name, at, `holds ${describe(value)}`);
      if (before === undefined || before === null) this.#seen.set(name, kind);
      else if (kind !== null) throw unsupported(name, at, `holds a ${kind} where rows before hold a ${before}`);
    }
  }

  /** @throws ParqueueError PQ_UNSUPPORTED_TYPE */
  columns(): readonly RowColumn[] {
    const nameless = this.#rows > 0 && this.#declared.length + this.#seen.size === 0;
    if (nameless || this.#seen.has('')) {
      throw new ParqueueError(
        'PQ_UNSUPPORTED_TYPE',
        nameless
          ? 'no row has a member of its own, so there are no columns: give objects with a member for each column'
          : 'a column has the empty name, which does not come back: give it another one',
      );
    }
    const inferred = [...this.#seen].map(([name, kind]): RowColumn => {
      if (kind === null) return { name, type: { kind: 'utf8' }, nullable: true, sourceType: 'js:null' };
      return { name, type: BY_VALUE[kind], nullable: true, sourceType: `js:${kind}` };
    });
    return [...this.#declared, ...inferred];
  }
}

function kindOf(value: NonNullable<unknown>): ValueKind | 'other' {
  const type = typeof value;
  if (type === 'boolean' || type === 'number' || type === 'bigint' || type === 'string') return type;
  if (value instanceof Date) return 'Date';
  return value instanceof Uint8Array ? 'Uint8Array' : 'other';
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function unsupported(column: string, at: number, why: string): ParqueueError {
  return new ParqueueError(
    'PQ_UNSUPPORTED_TYPE',
    `row ${at + 1}: column ${column} ${why}; declare its type in \`columns\` and give values of it (JSON as text), or give an Arrow table`,
    { details: { column, row: at + 1 } },
  );
}
