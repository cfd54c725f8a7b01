/** The Oracle source: statements answered by an Oracle Database, through node-oracledb in Thin mode. */
import { ParqueueError } from '../../model/errors.ts';
import type { CanonicalRequest } from '../../model/request.ts';
import type { Clock, RandomId } from '../../ports/clock.ts';
import type { Probed, Source, SourceConnections, SourceContext } from '../../ports/source.ts';
import { connectTo, setUpSession, type ConnectOptions } from './connect.ts';
import { Dictionary } from './dictionary.ts';
import { redactionOf } from './faults.ts';
import { readQuestion, type OracleQuestion } from './question.ts';
import { withRestarts } from './restarts.ts';
import { ScnReader } from './scn.ts';
import { SessionPool } from './session-pool.ts';
import type { Use } from './session.ts';
import { OracleSnapshot } from './snapshot.ts';
import { askVersion, asksSeveral, type VersionTools } from './versions.ts';

export interface OracleSourceOptions extends ConnectOptions {
  /** Connections of this source; one thread loads with at most as many. */
  readonly pool: { readonly max: number };
  readonly randomId: RandomId;
  /** In [0, 1), for pauses that vary. */
  readonly chance: () => number;
  readonly clock: Clock;
}

/** Connects with the first question. */
export async function openOracleSource(options: OracleSourceOptions): Promise<Source> {
  return new OracleSource(options);
}

class OracleSource implements Source {
  readonly #options: OracleSourceOptions;
  readonly #pool: SessionPool;
  readonly #tools: VersionTools;
  readonly #scn: ScnReader;

  constructor(options: OracleSourceOptions) {
    const { clock, randomId, connectTimeoutMs, pool } = options;
    this.#options = options;
    this.#pool = new SessionPool({
      connect: () => connectTo(options),
      setUp: (session) => setUpSession(session, options),
      max: pool.max,
      connectTimeoutMs,
      clock,
    });
    this.#tools = { dictionary: new Dictionary(clock), clock, randomId };
    this.#scn = new ScnReader(clock);
  }

  connections(): SourceConnections {
    const { open, idle } = this.#pool.size;
    return { busy: open - idle, idle };
  }

  async probe(request: CanonicalRequest, context: SourceContext): Promise<Probed> {
    const question = this.#question(request);
    const use = this.#use(question, context, 'probe');
    return await withRestarts({ ...this.#restartTools(), signal: context.signal }, async () => {
      await using session = await this.#pool.take(use);
      // A single statement is one point in time by itself. Where that is refused the tables are seen one after the other,
      // as they are where other probes saw some of them (shared-probe.ts): what they prove is as old as the first look.
      if (asksSeveral(question, this.#tools, context.known)) await session.beginReadOnly();
      const { version, parts, reads } = await askVersion(session, question, this.#tools, context.known);
      return { version, parts, reads };
    });
  }

  async open(request: CanonicalRequest, context: SourceContext): Promise<OracleSnapshot> {
    const question = this.#question(request);
    const use = this.#use(question, context, 'fill');
    return new OracleSnapshot(
      {
        pool: this.#pool,
        sessionsMax: this.#options.pool.max,
        tools: this.#tools,
        scn: this.#scn,
        ...this.#restartTools(),
      },
      { request, question, context, use },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }

  #question(request: CanonicalRequest): OracleQuestion {
    const question = readQuestion(request, this.#options.schema);
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

  #use({ hidden }: OracleQuestion, { signal, limits }: SourceContext, action: Use['action']): Use {
    const { clock, password, walletPassword } = this.#options;
    return {
      signal,
      clock,
      deadlineMs: clock.now() + limits.timeoutMs,
      redact: redactionOf([password, walletPassword, ...hidden]),
      action,
    };
  }

  #restartTools(): { readonly clock: Clock; readonly chance: () => number } {
    return { clock: this.#options.clock, chance: this.#options.chance };
  }
}
