/** A SQL source: questions in, versions and Parquet out, through the connections of one pool. */
import { ParqueueError } from '../../model/errors.ts';
import type { CanonicalRequest } from '../../model/request.ts';
import type { Clock, RandomId } from '../../ports/clock.ts';
import type { Probed, Source, SourceConnections, SourceContext } from '../../ports/source.ts';
import type { FileThread } from '../../parquet/thread/file-thread.ts';
import type { SqlDatabase } from './database.ts';
import { redactionOf } from './faults.ts';
import { readQuestion, type SqlSourceQuestion } from './question.ts';
import { withRestarts } from './restarts.ts';
import { SessionPool } from './session-pool.ts';
import type { Use } from './session.ts';
import { SqlSnapshot } from './snapshot.ts';
import { told } from './told.ts';
import type { Described } from './types.ts';
import { askVersion, type VersionTools } from './versions.ts';

/** What every SQL source is opened with, besides what its driver needs to connect. */
export interface SqlSourceOptions {
  /** Unqualified names mean this schema's. */
  readonly schema: string;
  readonly session: Readonly<Record<string, string>>;
  /** Connections of this source; one thread loads with at most as many. */
  readonly pool: { readonly max: number };
  readonly connectTimeoutMs: number;
  /** Secrets, for keeping them out of messages. */
  readonly secrets: readonly (string | null)[];
  readonly randomId: RandomId;
  /** In [0, 1), for pauses that vary. */
  readonly chance: () => number;
  readonly clock: Clock;
  /** Writes Parquet beside the thread that reads rows. Not given: both happen in one thread. */
  readonly files?: FileThread;
}

/** Connects with the first question. */
export function openSqlSource<C, D extends Described, B>(
  database: SqlDatabase<C, D, B>,
  options: SqlSourceOptions,
): Source {
  return new SqlSource(database, options);
}

class SqlSource<C, D extends Described, B> implements Source {
  readonly #options: SqlSourceOptions;
  readonly #pool: SessionPool<C>;
  readonly #tools: VersionTools<C, D, B>;

  constructor(database: SqlDatabase<C, D, B>, options: SqlSourceOptions) {
    const { clock, randomId, connectTimeoutMs, pool } = options;
    this.#options = options;
    this.#pool = new SessionPool({ driver: database.driver, max: pool.max, connectTimeoutMs, clock });
    this.#tools = { database, clock, randomId };
  }

  connections(): SourceConnections {
    const { open, idle } = this.#pool.size;
    return { busy: open - idle, idle };
  }

  async probe(request: CanonicalRequest, context: SourceContext): Promise<Probed> {
    const question = this.#question(request);
    const use = this.#use(question, context, 'probe');
    const { clock, chance } = this.#options;
    const { database } = this.#tools;
    return await withRestarts({ clock, chance, signal: context.signal }, async () => {
      await using session = await this.#pool.take(use);
      const several = question.asked.version.kind === database.tracks && database.asksSeveral(question, context.known);
      const of = { system: database.kind, parts: question.parts, use };
      if (several) await told('BEGIN', of, () => database.begin(session, 'probe'));
      const { version, parts, reads } = await told('VERSION', of, () =>
        askVersion(session, question, this.#tools, context.known),
      );
      return { version, parts, reads };
    });
  }

  async open(request: CanonicalRequest, context: SourceContext): Promise<SqlSnapshot<C, D, B>> {
    const question = this.#question(request);
    const use = this.#use(question, context, 'fill');
    const { clock, chance, pool, files = null } = this.#options;
    return new SqlSnapshot(
      { pool: this.#pool, sessionsMax: pool.max, tools: this.#tools, clock, chance, files },
      { request, question, context, use },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }

  #question(request: CanonicalRequest): SqlSourceQuestion {
    const question = readQuestion(request, this.#tools.database.kind, this.#options.schema);
    const [ours, theirs] = [this.#options.session, question.asked.session];
    const different = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].filter(
      (name) => ours[name] !== theirs[name],
    );
    if (different.length > 0) {
      throw new ParqueueError(
        'PQ_CONFIG',
        `the request was made under other session settings than this worker's source has (${different.join(', ')}): `
          + 'give API and workers the same configuration',
      );
    }
    return question;
  }

  #use({ hidden }: SqlSourceQuestion, { signal, limits, onStatement }: SourceContext, action: Use['action']): Use {
    const { clock, secrets } = this.#options;
    return {
      signal,
      clock,
      deadlineMs: clock.now() + limits.timeoutMs,
      redact: redactionOf([...secrets, ...hidden]),
      action,
      ...(onStatement === undefined ? {} : { onStatement }),
    };
  }
}
