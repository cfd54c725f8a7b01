/**
 * One state of the database, and its rows as Parquet. A read-only transaction is opened with the first question and
 * shows one point in time until its end: the version is asked in it first, then the rows, so the version is not newer
 * than the rows (I2). ORA_ROWSCN is never compared before and after: delayed block clean-out changes it without a
 * change of rows.
 *
 * A lost connection, or undo that was overwritten, ends the transaction and all that was read in it: everything begins
 * anew, version and file included, a few times.
 */
import { rm } from 'node:fs/promises';
import { isParqueueError } from '../../model/errors.ts';
import type { Consistency } from '../../model/generation.ts';
import type { CanonicalRequest } from '../../model/request.ts';
import type { Version } from '../../model/version.ts';
import { arrowSchema } from '../../parquet/column-type.ts';
import { cancelled } from '../../parquet/hashed-file.ts';
import { batchesOf } from '../../parquet/row-appender.ts';
import { writeParquetFile } from '../../parquet/writer.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Extract, PartTarget, Snapshot, SourceContext } from '../../ports/source.ts';
import { planColumns, type LoadPlan } from './column-plan.ts';
import { faultKindOf } from './faults.ts';
import { boundStatement, type OracleQuestion } from './question.ts';
import { withRestarts } from './restarts.ts';
import { fetchRowsFor, inTurn, rowsOf } from './rows.ts';
import type { ScnReader } from './scn.ts';
import type { SessionPool } from './session-pool.ts';
import type { Session, Use } from './session.ts';
import { partStatement, planSplit, type SplitPlan } from './split.ts';
import { askVersion, type Asked, type VersionTools } from './versions.ts';

export interface SnapshotParts {
  readonly pool: SessionPool;
  readonly sessionsMax: number;
  readonly tools: VersionTools;
  readonly scn: ScnReader;
  readonly chance: () => number;
  readonly clock: Clock;
}

export interface SnapshotWish {
  readonly request: CanonicalRequest;
  readonly question: OracleQuestion;
  readonly context: SourceContext;
  readonly use: Use;
}

/** A transaction that was begun, and what was asked in it. */
interface Opened {
  readonly session: Session;
  readonly asked: Asked;
  readonly consistency: Consistency;
  /** Not newer than the transaction's own; null: not granted. */
  readonly scn: string | null;
  readonly versionMs: number;
}

type SplitOutcome = { readonly sessions: number; readonly column: string } | { readonly reason: string };

interface Loading {
  readonly rows: AsyncGenerator<unknown[][], void, undefined>;
  readonly consistency: Consistency;
  readonly scn: string | null;
  readonly split: SplitOutcome | null;
  readonly end: () => Promise<void>;
}

export class OracleSnapshot implements Snapshot {
  readonly #parts: SnapshotParts;
  readonly #wish: SnapshotWish;
  #opened: Opened | null = null;
  /** Why a split was refused when it was tried. */
  #noSplit: string | null = null;
  #announced = false;

  constructor(parts: SnapshotParts, wish: SnapshotWish) {
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

  async #open(): Promise<Opened> {
    if (this.#opened !== null) return this.#opened;
    const { pool, tools, clock, scn: reader } = this.#parts;
    const { question, use } = this.#wish;
    const session = await pool.take(use);
    try {
      // Before the transaction: V$DATABASE shows the present inside of one, too, and this must not be newer.
      const scn = await reader.current(session);
      // Refused, version and rows are two points in time: version first.
      const consistency = (await session.beginReadOnly()) ? 'exact' : 'statement';
      const beganMs = clock.now();
      const asked = await askVersion(session, question, tools);
      this.#opened = { session, asked, consistency, scn, versionMs: Math.max(0, clock.now() - beganMs) };
      return this.#opened;
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #load(path: string, faults: readonly string[]): Promise<Extract> {
    const { clock } = this.#parts;
    const { request, question, context } = this.#wish;
    const opened = await this.#open();
    const beganMs = clock.now();
    const bound = boundStatement(question.statement.text, question.asked.binds);
    const { metaData = [] } = await opened.session.call((connection) => connection.getStatementInfo(bound.text));
    const plan = planColumns(metaData, {
      columns: request.columns,
      columnTypes: request.columnTypes,
      numbers: question.asked.numbers,
    });
    const describedMs = clock.now();
    const loading = await this.#loading(opened, plan, fetchRowsFor(metaData));
    const reading = { rows: 0, bytes: 0 };
    // Nothing is written before a row group is full, so rows are told as they arrive.
    const progressed = (by: { readonly rows?: number; readonly bytes?: number }): void => {
      reading.rows += by.rows ?? 0;
      reading.bytes = by.bytes ?? reading.bytes;
      context.onProgress({ phase: 'reading', ...reading, bytesTotal: null });
    };
    try {
      const written = await writeParquetFile(
        path,
        arrowSchema(plan.columns),
        batchesOf(
          plan.columns,
          converted(loading.rows, plan, (rows) => progressed({ rows })),
        ),
        {
          parquet: request.parquet,
          signal: context.signal,
          rowsMax: context.limits.rowsMax,
          bytesMax: context.limits.bytesMax,
          onFirstBatch: () => this.#announce(),
          onProgress: ({ bytes }) => progressed({ bytes }),
        },
      );
      return {
        version: opened.asked.version,
        consistency: loading.consistency,
        rows: written.rows,
        sha256: written.sha256,
        columns: plan.manifestColumns(),
        details: {
          method: question.asked.version.kind,
          scn: loading.scn,
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
      if (split && refusesSplit(error)) {
        this.#noSplit = refusal(error);
        await this[Symbol.asyncDispose]();
        await loading.end();
        return await this.#load(path, faults);
      }
      throw plan.explain(error);
    } finally {
      await loading.end();
    }
  }

  async #loading(opened: Opened, plan: LoadPlan, fetchRows: number): Promise<Loading> {
    const { split } = this.#wish.question.asked;
    const outcome = split === null ? null : await this.#planned(opened, plan);
    if (outcome !== null && !('reason' in outcome)) return await this.#several(opened, { plan, fetchRows }, outcome);
    const { statement, asked } = this.#wish.question;
    const bound = boundStatement(plan.statement(statement.text), asked.binds);
    return {
      rows: rowsOf(opened.session, { ...bound, columns: plan.columns.length, fetchRows }),
      consistency: opened.consistency,
      scn: opened.scn,
      split: outcome,
      end: async () => undefined,
    };
  }

  /** Parsing the statement at an SCN tells whether that is allowed, while the first transaction is still whole. */
  async #planned(opened: Opened, plan: LoadPlan): Promise<SplitPlan | { readonly reason: string }> {
    const { statement, asked } = this.#wish.question;
    if (asked.split === null || this.#noSplit !== null) return { reason: this.#noSplit ?? 'none was asked for' };
    const split = planSplit({
      statement,
      split: asked.split,
      sessionsMax: this.#parts.sessionsMax,
      // Now, after the version: the rows must not be older.
      scn: await this.#parts.scn.current(opened.session),
    });
    if ('reason' in split) return split;
    const { text } = partStatement(split, 0, { statement, values: asked.binds, plan });
    try {
      await opened.session.call((connection) => connection.getStatementInfo(text));
      return split;
    } catch (error) {
      if (!refusesSplit(error)) throw error;
      return { reason: refusal(error) };
    }
  }

  async #several(
    opened: Opened,
    { plan, fetchRows }: { readonly plan: LoadPlan; readonly fetchRows: number },
    split: SplitPlan,
  ): Promise<Loading> {
    const { statement, asked } = this.#wish.question;
    const { pool } = this.#parts;
    // Its own point in time is not needed any more, and it is one of the sessions.
    await opened.session.rollback();
    const sessions = [opened.session];
    const others: Session[] = [];
    try {
      while (sessions.length < split.into) {
        const session = await pool.take(this.#wish.use);
        sessions.push(session);
        others.push(session);
      }
    } catch (error) {
      await disposeAll(others);
      throw error;
    }
    const rows = sessions.map((session, part) => {
      const bound = partStatement(split, part, { statement, values: asked.binds, plan });
      return rowsOf(session, { ...bound, columns: plan.columns.length, fetchRows });
    });
    return {
      rows: inTurn(rows, () => {
        for (const session of sessions) session.spoil();
      }),
      // All rows are of one SCN; the version is of that one or an earlier one.
      consistency: 'statement',
      scn: split.scn,
      split: { sessions: split.into, column: split.column },
      end: () => disposeAll(others),
    };
  }

  async #announce(): Promise<void> {
    if (this.#announced) return;
    this.#announced = true;
    await this.#wish.context.onFirstBatch();
  }
}

function refusesSplit(error: unknown): boolean {
  const kind = faultKindOf(error);
  return kind === 'privileges' || kind === 'rejected';
}

function refusal(error: unknown): string {
  const database = isParqueueError(error) ? String(error.details['database'] ?? '') : '';
  return `reading AS OF SCN was refused (${database})`;
}

async function disposeAll(sessions: readonly Session[]): Promise<void> {
  await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()));
}

async function* converted(
  chunks: AsyncGenerator<unknown[][], void, undefined>,
  plan: LoadPlan,
  onRows: (rows: number) => void,
): AsyncGenerator<unknown[][], void, undefined> {
  for await (const rows of chunks) {
    onRows(rows.length);
    plan.convertRows(rows);
    yield rows;
  }
}
