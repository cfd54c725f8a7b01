/**
 * What one kind of database brings to be a source: how it is connected to, how a statement is bound, described and
 * read, and what its versions are made of. Everything else about SQL sources stands in this folder once: connections,
 * faults, restarts, snapshots, column plans, conversions. docs/adding-a-source.md walks through it; the contract suite
 * (testing/source-contract.ts) judges it.
 */
import type { Consistency } from '../../model/generation.ts';
import type { NumbersAs, Split, SqlSourceKind, TypedValue } from '../../model/request.ts';
import type { VersionKind } from '../../model/version.ts';
import type { ProbedPart } from '../../ports/source.ts';
import type { SqlDriver } from './driver.ts';
import type { Projection } from './projection.ts';
import type { PartName, SqlSourceQuestion } from './question.ts';
import type { Session, Use } from './session.ts';
import type { Described, Mapping } from './types.ts';
import type { Chunk, Wire } from './wire/fields.ts';

export type { PartName };

/** A statement in the driver's words: placeholders as it writes them, values as it takes them. */
export interface Bound<Binds> {
  readonly text: string;
  readonly binds: Binds;
}

/**
 * `C`: the driver's connection. `D`: a column as the driver describes it. `B`: bind values as the driver takes them.
 * One of these serves one source in one thread, so it may remember what it learned; losing that costs work, never truth.
 */
export interface SqlDatabase<C, D extends Described, B> {
  readonly kind: SqlSourceKind;
  /** The kind of version that looks at the tables a statement reads. */
  readonly tracks: VersionKind;
  readonly driver: SqlDriver<C>;
  readonly types: TypeSystem<D>;

  /** @throws ParqueueError PQ_INVALID_REQUEST for a placeholder without a value */
  bind(statement: string, values: Readonly<Record<string, TypedValue>>): Bound<B>;

  /**
   * Begins a transaction whose statements all show one state of the database, where that is allowed. Whatever is asked
   * in it later, versions first and rows after, shows that state ('exact'), or each statement its own ('statement').
   */
  begin(session: Session<C>, action: Use['action']): Promise<Begun>;

  /**
   * Versions of the tables that the question names, those in `known` excepted, asked in the transaction that was begun,
   * if one was.
   * @throws ParqueueError PQ_UNTRACKABLE naming object, reason and way out; what a session throws
   */
  askTables(session: Session<C>, question: SqlSourceQuestion, known: Known): Promise<AskedTables>;

  /** Whether askTables takes several statements, which have to show one state: then a probe begins a transaction. */
  asksSeveral(question: SqlSourceQuestion, known: Known): boolean;

  /** The statement's columns, without running it where the driver can. */
  describe(session: Session<C>, bound: Bound<B>): Promise<readonly D[]>;

  /**
   * All rows in chunks that fit in memory, a chunk ahead; each row an array of what the mappings' readings say, in the
   * order of the columns of `bound`. Ends when all rows were read, never before: left early, it breaks off what runs
   * and spoils the session.
   * @throws ParqueueError PQ_SOURCE_UNSTABLE (fault 'snapshot-lost') where other columns come than expected
   */
  rows(session: Session<C>, bound: Bound<B>, expected: ExpectedRows<D>): AsyncGenerator<unknown[][], void, undefined>;

  /**
   * As `rows`, with each value where it lies in the bytes that arrived, for columns that are read from there
   * (wire/fields.ts), or as values where the driver has to decode them. null: this database's driver hands over values.
   */
  readonly wireRows:
    | ((session: Session<C>, bound: Bound<B>, expected: ExpectedWire<D>) => AsyncGenerator<Chunk, void, undefined>)
    | null;

  /**
   * After the last row, on the first session, in its transaction: that what was read is what the version was asked of.
   * For what a transaction's locks do not keep out, such as a partition attached meanwhile. null: nothing of the kind.
   * @throws ParqueueError PQ_SOURCE_UNSTABLE (fault 'snapshot-lost')
   */
  readonly confirm: ((session: Session<C>, question: SqlSourceQuestion) => Promise<void>) | null;

  /**
   * The statement that selects the wanted columns of `text` in its row order. null: rows come with all described columns
   * and are picked here, and no mapping has an expression.
   */
  readonly project: ((text: string, projection: Projection) => string) | null;

  /** Loading by several sessions at one point in time; null where this database has no way to. */
  readonly split: SplitLoads<C, B> | null;
}

export interface ExpectedRows<D> {
  /** The statement's columns, before it was projected: how large its rows may be. */
  readonly described: readonly D[];
  /** Values in a row of `bound`: fewer than were described where it was projected. */
  readonly columns: number;
}

export interface ExpectedWire<D> extends ExpectedRows<D> {
  /** How the values of each row of `bound` are read; null: their readings are. */
  readonly wires: readonly (Wire | null)[];
}

export interface Begun {
  readonly consistency: Consistency;
  /** Kept in the manifest: `{ scn }`, `{ snapshot }`. JSON-safe. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** Versions of parts that probes young enough have found, by part name. */
export type Known = Readonly<Record<string, string>>;

export interface AskedTable {
  readonly name: string;
  readonly version: string;
  readonly costMs: number;
}

export interface AskedTables {
  /** By label; those in `known` are not among them. */
  readonly parts: Readonly<Record<string, ProbedPart>>;
  /** Base tables, by label, behind each part that is no table itself. */
  readonly reads: Readonly<Record<string, readonly string[]>>;
  /** Each base table that was asked, once. */
  readonly tables: readonly AskedTable[];
  /** What version and rows can claim where that depends on the tables found there; absent: what `begin` said. */
  readonly consistency?: Consistency;
}

export interface TypeSystem<D extends Described> {
  /** The type as the database writes it: `numeric(10,2)`. */
  readonly sourceTypeOf: (column: D) => string;
  /** @throws ParqueueError PQ_UNSUPPORTED_TYPE naming column, type and the way out (unsupportedType in types.ts) */
  readonly mappingOf: (column: D, numbers: NumbersAs) => Mapping;
}

export interface SplitWish {
  readonly question: SqlSourceQuestion;
  readonly split: Split;
  /** Connections this thread may have. */
  readonly sessionsMax: number;
  readonly statement: PartStatement;
}

/** The planned statement for those rows of `text` that meet a condition on the split's column, given its reference. */
export type PartStatement = (text: string, condition: (reference: string) => string) => string;

/** One load by several sessions, or why it stays with one. */
export interface SplitWay<C, B> {
  /** Sessions, the first one included. */
  readonly into: number;
  readonly consistency: Consistency;
  readonly details: Readonly<Record<string, unknown>>;
  /** What is to be done on the first session, which has the transaction, before the rows are asked for. */
  readonly lead: (session: Session<C>) => Promise<void>;
  /** What is to be done on each further session before that. */
  readonly join: (session: Session<C>) => Promise<void>;
  /** What the session of number `part` executes, from 0. */
  readonly bound: (part: number) => Bound<B>;
}

export interface SplitLoads<C, B> {
  /**
   * Asked on the first session, in its transaction, after the version. A refusal by the database (a privilege, a standby)
   * is a reason, and leaves the transaction whole.
   */
  plan(session: Session<C>, wish: SplitWish): Promise<SplitWay<C, B> | { readonly reason: string }>;
}
