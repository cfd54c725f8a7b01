/**
 * A wrapped function as a Source: its version function is the probe, its rows are the extract. The version is asked
 * before the function runs, so it is never newer than the rows (I2), and again after it, since versions can recur:
 *
 *   A asked ─ source moves to B ─ rows of B read ─ source moves back to A: the rows of B must not be found under A
 */
import { createHash } from 'node:crypto';
import { cacheKey } from '../../model/cache-key.ts';
import { canonicalJson } from '../../model/canonical-json.ts';
import { ERROR_CODES, isParqueueError, ParqueueError } from '../../model/errors.ts';
import type { CanonicalRequest, WrappedQuestion } from '../../model/request.ts';
import type { Version } from '../../model/version.ts';
import type { RandomId } from '../../ports/clock.ts';
import type { Extract, PartTarget, Probed, Snapshot, Source, SourceContext } from '../../ports/source.ts';
import type { Calls, LoadContext, WrappedCall } from './calls.ts';
import { canonicalValue } from './canonical.ts';
import type { FileThread } from '../../parquet/thread/file-thread.ts';
import type { Frames } from './frames.ts';
import { untilAborted } from './interruptible.ts';
import { shapeRows } from './row-batches.ts';

export interface WrappedSourceOptions {
  readonly calls: Calls;
  readonly files: Pick<FileThread, 'write'>;
  readonly frames: Frames;
  readonly randomId: RandomId;
  /** Keeps an error of the application for its own callers. @returns the name under which `details.error` has it */
  readonly keepError: (error: unknown) => string;
}

/** Texts that can travel in a header and a log as they are. */
const SPEAKING = /^(?! )[A-Za-z0-9_.:+ -]{1,64}(?<! )$/;

export class WrappedSource implements Source {
  readonly #options: WrappedSourceOptions;

  constructor(options: WrappedSourceOptions) {
    this.#options = options;
  }

  async probe(request: CanonicalRequest, context: SourceContext): Promise<Probed> {
    const { version } = await this.#versionOf(this.#asked(request), context);
    return { version, parts: {}, reads: {} };
  }

  async open(request: CanonicalRequest, context: SourceContext): Promise<Snapshot> {
    context.onProgress({ phase: 'opening', rows: 0, bytes: 0, bytesTotal: null });
    const asked = this.#asked(request);
    const { version, given } = await this.#versionOf(asked, context);
    return {
      version: async () => version,
      extract: async (target) => {
        const extract = await this.#options.frames.run(asked.key, () => {
          const load = { key: asked.key, version: given, signal: context.signal };
          return asked.call.inside(load, () => this.#extract(asked, { target, version, load, context }));
        });
        return { ...extract, version: await this.#versionAfter(asked, version, context) };
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Holds nothing: calls and thread are the process's.
  }

  #asked(request: CanonicalRequest): Asked {
    const { question } = request;
    if (question.kind !== 'wrapped')
      throw new ParqueueError('PQ_INVALID_REQUEST', 'this job is for a configured source, not for a wrapped function');
    const key = cacheKey(request);
    return { key, request, question, call: this.#options.calls.of(key) };
  }

  async #versionOf({ key, question, call }: Asked, { signal }: SourceContext): Promise<Versioned> {
    const { kind } = question.version;
    // A state of its own each time: such a head is replaced by policy, never found unchanged.
    if (kind !== 'token' || call.version === null)
      return { version: `${kind}:${this.#options.randomId()}`, given: null };
    const asking = call.version;
    const given = await this.#options.frames.run(key, () => this.#own(call, signal, asking));
    if (given === null || given === undefined) {
      throw new ParqueueError(
        'PQ_UNTRACKABLE',
        `the version function of wrapped function ${call.name} gave nothing: it has to give a text or a JSON value that `
          + 'changes whenever the rows do',
      );
    }
    return { version: tokenOf(given, call.name), given };
  }

  /** The version that was asked before, if the rows are of it for certain; else one that no probe finds again. */
  async #versionAfter(asked: Asked, before: Version, context: SourceContext): Promise<Version> {
    const { kind } = asked.question.version;
    if (kind !== 'token') return before;
    try {
      const { version } = await this.#versionOf(asked, context);
      if (version === before) return before;
    } catch (error) {
      // The rows are good; only what they are of is not known.
      if (context.signal.aborted) throw error;
    }
    return `${kind}:moved:${this.#options.randomId()}`;
  }

  async #extract({ request, call }: Asked, { target, version, load, context }: Extraction): Promise<Extract> {
    const { signal, limits, onFirstBatch, onProgress } = context;
    const result = await this.#own(call, signal, () => call.load(load));
    const shaped = await this.#own(call, signal, () => shapeRows(result, request.columnTypes, signal));
    const file = await this.#own(call, signal, () =>
      this.#options.files.write({
        path: target.path,
        schema: shaped.schema,
        batches: shaped.batches,
        parquet: request.parquet,
        rowsMax: limits.rowsMax,
        bytesMax: limits.bytesMax,
        signal,
        onFirstBatch,
        onProgress: ({ rows, bytes }) => onProgress({ phase: 'reading', rows, bytes, bytesTotal: null }),
      }),
    );
    return {
      version,
      consistency: 'best-effort',
      rows: file.rows,
      sha256: file.sha256,
      columns: file.columns.map((column) => ({
        ...column,
        sourceType: shaped.sourceTypes.get(column.name) ?? `arrow:${column.type}`,
      })),
      details: {},
    };
  }

  /**
   * Runs the application's code. What it throws is not shown to others, because nobody knows what is in its words; it is
   * kept for the callers of this process, and counts as a source that cannot be reached unless it has a code of its own.
   */
  async #own<T>(call: WrappedCall, signal: AbortSignal, run: () => Promise<T> | T): Promise<Awaited<T>> {
    try {
      // An async function around it, so that what is thrown at once is a rejection too.
      return (await untilAborted((async () => await run())(), signal)) as Awaited<T>;
    } catch (error) {
      if (isParqueueError(error) && Object.hasOwn(ERROR_CODES, error.code)) throw error;
      throw new ParqueueError(
        'PQ_SOURCE_UNAVAILABLE',
        `wrapped function ${call.name} failed${nameOf(error)}; the process that ran it has the error as \`cause\``,
        { details: { wrapped: call.name, error: this.#options.keepError(error) }, cause: error },
      );
    }
  }
}

interface Asked {
  readonly key: string;
  readonly request: CanonicalRequest;
  readonly question: WrappedQuestion;
  readonly call: WrappedCall;
}

interface Versioned {
  readonly version: Version;
  /** As the version function gave it. */
  readonly given: unknown;
}

interface Extraction {
  readonly target: PartTarget;
  readonly version: Version;
  readonly load: LoadContext;
  readonly context: SourceContext;
}

function tokenOf(given: unknown, name: string): Version {
  if (typeof given === 'string' && SPEAKING.test(given)) return `token:${given}`;
  const text = canonicalJson(canonicalValue(given, `the version of wrapped function ${name}`));
  return `token:sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** The class and code of an error say what kind of thing went wrong and hold no data. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const code: unknown = 'code' in error ? error.code : null;
  const words = [error.name, typeof code === 'string' ? code : ''].filter((word) =>
    /^[A-Za-z_][A-Za-z0-9_]{0,49}$/.test(word),
  );
  return words.length === 0 ? '' : ` (${words.join(' ')})`;
}
