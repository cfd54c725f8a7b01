/**
 * One state of a database, and its rows as Parquet. A read-only transaction is opened with the first question and shows
 * one point in time until its end: the version is asked in it first, then the rows, so the version is not newer than the
 * rows (I2). Versions are never compared before and after: some change without a change of rows (Oracle's delayed block
 * clean-out).
 *
 * A lost connection, or a snapshot that the database no longer has, ends the transaction and all that was read in it:
 * everything begins anew, version and file included, a few times.
 */
import { rm } from 'node:fs/promises';
import { isParqueueError } from '../../model/errors.ts';
import type { Consistency } from '../../model/generation.ts';
import type { CanonicalRequest } from '../../model/request.ts';
import type { Version } from '../../model/version.ts';
import { arrowSchema } from '../../parquet/column-type.ts';
import { cancelled } from '../../parquet/hashed-file.ts';
import { batchesOf } from '../../parquet/row-appender.ts';
import { writeParquetBeside } from '../../parquet/thread/beside.ts';
import type { FileThread } from '../../parquet/thread/file-thread.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Extract, PartTarget, Snapshot, SourceContext } from '../../ports/source.ts';
import { planColumns, type LoadPlan } from './column-plan.ts';
import type { Begun, Bound, SplitWay } from './database.ts';
import { converted } from './chunks.ts';
import type { Chunk } from './wire/fields.ts';
import { faultKindOf } from './faults.ts';
import type { SqlSourceQuestion } from './question.ts';
import { withRestarts } from './restarts.ts';
import { inTurn } from './rows.ts';
import type { SessionPool } from './session-pool.ts';
import type { Session, Use } from './session.ts';
import { told, type ToldOf } from './told.ts';
import type { Described } from './types.ts';
import { askVersion, type Asked, type VersionTools } from './versions.ts';

export interface SnapshotParts<C, D extends Described, B> {
  readonly pool: SessionPool<C>;
  readonly sessionsMax: number;
  readonly tools: VersionTools<C, D, B>;
  readonly chance: () => number;
  readonly clock: Clock;
  readonly files: FileThread | null;
}

export interface SnapshotWish {
  readonly request: CanonicalRequest;
  readonly question: SqlSourceQuestion;
  readonly context: SourceContext;
  readonly use: Use;
}

/** A transaction that was begun, and what was asked in it. */
interface Opened<C> {
  readonly session: Session<C>;
  readonly asked: Asked;
  readonly begun: Begun;
  readonly versionMs: number;
}

type SplitOutcome = { readonly sessions: number; readonly column: string } | { readonly reason: string };

/** The statement as it was described, and how its columns become the file's. */
interface Planned<D> {
  readonly plan: LoadPlan;
  readonly described: readonly D[];
}

interface Loading {
  readonly rows: AsyncGenerator<Chunk, void, undefined>;
  readonly consistency: Consistency;
  /** Of the point in time, as the database tells it. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly split: SplitOutcome | null;
  readonly end: () => Promise<void>;
}

export class SqlSnapshot<C, D extends Described, B> implements Snapshot {
  readonly #parts: SnapshotParts<C, D, B>;
  readonly #wish: SnapshotWish;
  #opened: Opened<C> | null = null;
  /** Why a split was refused when it was tried. */
  #noSplit: string | null = null;
  #announced = false;

  constructor(parts: SnapshotParts<C, D, B>, wish: SnapshotWish) {
    this.#parts = parts;
    this.#wish = wish;
  }

  async version(): Promise<Version> {
    const { asked } = await this.#again(() => this.#open());
    return asked.version;
  }

  async extract({ path }: PartTarget): Promise<Extract> {
    try {
      return await this.#again((faults) => this.#load(path, faults));
    } catch (error) {
      await rm(path, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = this.#opened;
    this.#opened = null;
    await opened?.session[Symbol.asyncDispose]();
  }

  /** Whatever ends a try ends its transaction. */
  async #again<T>(attempt: (faults: readonly string[]) => Promise<T>): Promise<T> {
    const { clock, chance } = this.#parts;
    const { signal } = this.#wish.use;
    try {
      return await withRestarts({ clock, chance, signal }, async (faults) => {
        try {
          return await attempt(faults);
        } catch (error) {
          await this[Symbol.asyncDispose]();
          throw error;
        }
      });
    } catch (error) {
      throw signal.aborted && !isParqueueError(error) ? cancelled(signal) : error;
    }
  }

  get #told(): ToldOf {
    const { question, use } = this.#wish;
    return { system: this.#parts.tools.database.kind, parts: question.parts, use };
  }

  async #open(): Promise<Opened<C>> {
    if (this.#opened !== null) return this.#opened;
    const { pool, tools, clock } = this.#parts;
    const { question, use } = this.#wish;
    const session = await pool.take(use);
    try {
      const begun = await told('BEGIN', this.#told, () => tools.database.begin(session, 'fill'));
      const beganMs = clock.now();
      const asked = await told('VERSION', this.#told, () => askVersion(session, question, tools));
      this.#opened = { session, asked, begun, versionMs: Math.max(0, clock.now() - beganMs) };
      return this.#opened;
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #load(path: string, faults: readonly string[]): Promise<Extract> {
    const { clock } = this.#parts;
    const { database } = this.#parts.tools;
    const { request, question, context } = this.#wish;
    const opened = await this.#open();
    const beganMs = clock.now();
    const bound = database.bind(question.statement.text, question.asked.binds);
    const described = await told('DESCRIBE', this.#told, () => database.describe(opened.session, bound));
    const wish = { columns: request.columns, columnTypes: request.columnTypes, numbers: question.asked.numbers };
    const plan = planColumns(described, wish, database);
    const describedMs = clock.now();
    let loading: Loading;
    try {
      loading = await this.#loading(opened, { plan, described });
    } catch (error) {
      // A session that could not join the others.
      const refused = question.asked.split !== null && this.#noSplit === null ? refusalOf(error) : null;
      if (refused === null) throw error;
      return await this.#alone(refused, path, faults);
    }
    const reading = { rows: 0, bytes: 0 };
    // Nothing is written before a row group is full, so rows are told as they arrive.
    const progressed = (by: { readonly rows?: number; readonly bytes?: number }): void => {
      reading.rows += by.rows ?? 0;
      reading.bytes = by.bytes ?? reading.bytes;
      context.onProgress({ phase: 'reading', ...reading, bytesTotal: null });
    };
    try {
      const written = await told(
        'SELECT',
        this.#told,
        () =>
          writeParquetBeside(
            this.#parts.files,
            path,
            {
              schema: arrowSchema(plan.columns),
              batches: batchesOf(
                plan.columns,
                converted(loading.rows, plan, (rows) => progressed({ rows })),
                { reuse: true },
              ),
            },
            {
              parquet: request.parquet,
              signal: context.signal,
              rowsMax: context.limits.rowsMax,
              bytesMax: context.limits.bytesMax,
              onFirstBatch: () => this.#announce(),
              onProgress: ({ bytes }) => progressed({ bytes }),
            },
          ),
        ({ rows }) => rows,
      );
      await database.confirm?.(opened.session, question);
      return {
        version: opened.asked.version,
        consistency: loading.consistency,
        rows: written.rows,
        sha256: written.sha256,
        columns: plan.manifestColumns(),
        details: {
          method: question.asked.version.kind,
          ...loading.details,
          tables: opened.asked.tables,
          parts: Object.fromEntries(Object.entries(opened.asked.parts).map(([name, { version }]) => [name, version])),
          reads: opened.asked.reads,
          rounded: plan.rounded(),
          split: loading.split,
          restarts: faults,
          statementsMs: {
            version: opened.versionMs,
            describe: Math.max(0, describedMs - beganMs),
            rows: Math.max(0, clock.now() - describedMs),
          },
        },
      };
    } catch (error) {
      // What comes up among the rows is no refusal: one session would meet it as well, after as long a time.
      const split = loading.split !== null && 'sessions' in loading.split && reading.rows === 0;
      const refused = split ? refusalOf(error) : null;
      if (refused !== null) {
        await loading.end();
        return await this.#alone(refused, path, faults);
      }
      throw plan.explain(error);
    } finally {
      await loading.end();
    }
  }

  /** Anew, by one session. */
  async #alone(refused: string, path: string, faults: readonly string[]): Promise<Extract> {
    this.#noSplit = refused;
    await this[Symbol.asyncDispose]();
    return await this.#load(path, faults);
  }

  async #loading(opened: Opened<C>, planned: Planned<D>): Promise<Loading> {
    const { database } = this.#parts.tools;
    const { statement, asked } = this.#wish.question;
    const way = asked.split === null ? null : await this.#way(opened, planned);
    if (way !== null && !('reason' in way)) return await this.#several(opened, planned, way);
    const bound = database.bind(planned.plan.statement(statement.text), asked.binds);
    return {
      rows: this.#rows(opened.session, bound, planned),
      consistency: opened.asked.consistency ?? opened.begun.consistency,
      details: opened.begun.details,
      split: way,
      end: async () => undefined,
    };
  }

  async #way(opened: Opened<C>, { plan }: Planned<D>): Promise<SplitWay<C, B> | { readonly reason: string }> {
    const { tools, sessionsMax } = this.#parts;
    const { question } = this.#wish;
    const { split } = question.asked;
    if (split === null || this.#noSplit !== null) return { reason: this.#noSplit ?? 'none was asked for' };
    if (tools.database.split === null) return { reason: `${tools.database.kind} has no way to share a snapshot` };
    if (Math.min(split.into, sessionsMax) < 2)
      return { reason: `the pool of the source allows ${sessionsMax} connections` };
    return await tools.database.split.plan(opened.session, {
      question,
      split,
      sessionsMax,
      statement: (text, condition) => plan.statement(text, { column: split.column, condition }),
    });
  }

  async #several(opened: Opened<C>, planned: Planned<D>, way: SplitWay<C, B>): Promise<Loading> {
    const { pool } = this.#parts;
    await way.lead(opened.session);
    const sessions = [opened.session];
    const others: Session<C>[] = [];
    try {
      while (sessions.length < way.into) {
        const session = await pool.take(this.#wish.use);
        sessions.push(session);
        others.push(session);
        await way.join(session);
      }
    } catch (error) {
      await disposeAll(others);
      throw error;
    }
    const rows = sessions.map((session, part) => this.#rows(session, way.bound(part), planned));
    return {
      rows: inTurn(rows, () => {
        for (const session of sessions) session.spoil();
      }),
      consistency: opened.asked.consistency ?? way.consistency,
      details: { ...opened.begun.details, ...way.details },
      split: { sessions: way.into, column: this.#wish.question.asked.split?.column ?? '' },
      end: () => disposeAll(others),
    };
  }

  #rows(session: Session<C>, bound: Bound<B>, { plan, described }: Planned<D>): Loading['rows'] {
    const { database } = this.#parts.tools;
    const columns = database.project === null ? described.length : plan.columns.length;
    if (database.wireRows === null) return database.rows(session, bound, { described, columns });
    return database.wireRows(session, bound, { described, columns, wires: plan.wires });
  }

  async #announce(): Promise<void> {
    if (this.#announced) return;
    this.#announced = true;
    await this.#wish.context.onFirstBatch();
  }
}

/** Why a database refused a load by several sessions; null: it failed for another reason. */
function refusalOf(error: unknown): string | null {
  const kind = faultKindOf(error);
  if (kind !== 'privileges' && kind !== 'rejected') return null;
  const database = isParqueueError(error) ? String(error.details['database'] ?? '') : '';
  return `reading by several sessions was refused (${database})`;
}

async function disposeAll(sessions: readonly AsyncDisposable[]): Promise<void> {
  await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()));
}
