/**
 * Asks the server for one question in one form, and whether what is at hand is still right. A dataset is one
 * conditional GET. A question that no dataset declares has no URL, nor has one of a column with a comma in its name: `resolve` proves its entry, and its immutable
 * generation is then fetched like any other, with Range and If-Range.
 */
import type { Facts } from '../cache/kept.ts';
import { subjectOf } from '../cache/kept.ts';
import { isParqueueHttpError } from '../problem.ts';
import {
  datasetCall,
  fitsUrl,
  generationCall,
  resolveCall,
  type CallOptions,
  type Form,
  type GenerationRef,
} from '../question.ts';
import { unexpected, type Transport } from '../transport.ts';
import type { Resolution, FillStatus, Question } from '../types.ts';

export interface Wish {
  readonly question: Question;
  readonly form: Form;
}

export interface AskContext extends Omit<CallOptions, 'ifNoneMatch'> {
  readonly transport: Transport;
  readonly onWait?: ((fill: FillStatus) => void) | undefined;
}

export type Reply =
  | { readonly kind: 'unchanged'; readonly facts: Facts }
  | {
      readonly kind: 'changed';
      readonly response: Response;
      /** Of the answer whose bytes were taken, which after an interruption may be a later one. */
      readonly factsOf: (response: Response) => Facts;
      /** The same, from its first byte. */
      readonly again: () => Promise<Response>;
    };

/** A generation may be removed between the two requests for it, by a purge for example; hardly twice. */
const GONE_ATTEMPTS = 3;

/** @param known what is at hand, or null */
export async function askFor(wish: Wish, known: Facts | null, context: AskContext): Promise<Reply> {
  return 'dataset' in wish.question && fitsUrl(wish.question)
    ? askDataset({ ...wish, question: wish.question }, known, context)
    : askUndeclared(wish, known, context);
}

async function askDataset(
  { question, form }: Wish & { readonly question: Extract<Question, { readonly dataset: string }> },
  known: Facts | null,
  { transport, onWait, ...options }: AskContext,
): Promise<Reply> {
  let sentAtMs = transport.now();
  const ask = async (ifNoneMatch: string | undefined): Promise<Response> => {
    sentAtMs = transport.now();
    return ofRows(await transport.ask(datasetCall(question, form, { ...options, ifNoneMatch }), onWait));
  };
  const factsOf = (response: Response): Facts => ({
    ...subjectOf(question),
    ...headerFacts(response.headers),
    stored: form.format === 'parquet' ? response.headers.get('etag') : null,
    provenAtMs: sentAtMs - Number(response.headers.get('age') ?? 0) * 1000,
  });
  const response = await ask(known?.etag);
  if (response.status === 304) return { kind: 'unchanged', facts: { ...factsOf(response), etag: known?.etag ?? '' } };
  return { kind: 'changed', response, factsOf, again: () => ask(undefined) };
}

async function askUndeclared(wish: Wish, known: Facts | null, context: AskContext): Promise<Reply> {
  const { transport, signal } = context;
  let facts = await resolved(wish, context);
  // Equal rows written equally have equal tags, also after a reload; what is made of them is equal, too.
  if (known !== null && known.stored === facts.stored)
    return { kind: 'unchanged', facts: { ...facts, etag: known.etag } };
  const generation = async (): Promise<Response> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await ofRows(await transport.send(generationCall(facts, wish.form, signal)), facts);
      } catch (error) {
        const gone = isParqueueHttpError(error) && (error.status === 410 || error.status === 404);
        if (!gone || attempt === GONE_ATTEMPTS) throw error;
        facts = await resolved(wish, context);
      }
    }
  };
  const response = await generation();
  const factsOf = ({ headers }: Response): Facts => ({ ...facts, etag: headers.get('etag') ?? '' });
  return { kind: 'changed', response, factsOf, again: generation };
}

/** Facts of the entry as it is now; the form's own ETag comes with the form. */
async function resolved({ question }: Wish, context: AskContext): Promise<Omit<Facts, 'etag'>> {
  const sentAtMs = context.transport.now();
  const call = resolveCall(question, context);
  const { value, headers } = await context.transport.askJson(call, context.onWait);
  const entry = value as Resolution;
  const { key, generation, version } = entry;
  return {
    ...subjectOf(question),
    key,
    generation,
    version,
    stored: entry.etag,
    cacheStatus: headers.get('cache-status'),
    provenAtMs: sentAtMs - entry.ageSeconds * 1000,
  };
}

/**
 * Before a byte of the body is taken: a page of a proxy must not get into a file or a cache.
 * @param asked the generation that was asked for, where one was
 * @throws ParqueueHttpError UNEXPECTED where it is not an answer of Parqueue's, or not to what was asked
 */
async function ofRows(response: Response, asked?: GenerationRef): Promise<Response> {
  try {
    const { key, generation } = headerFacts(response.headers);
    if (response.status !== 200 && response.status !== 304)
      throw unexpected(`the server answered ${response.status} to what asks for all rows`);
    if (asked !== undefined && (key !== asked.key || generation !== asked.generation))
      throw unexpected('the server answered with another generation than it was asked for');
    return response;
  } catch (error) {
    await response.body?.cancel();
    throw error;
  }
}

/** @throws ParqueueHttpError UNEXPECTED where it is not an answer of Parqueue's */
function headerFacts(headers: Headers): Pick<Facts, 'key' | 'generation' | 'version' | 'etag' | 'cacheStatus'> {
  const [key, generation, etag] = ['parqueue-key', 'parqueue-generation', 'etag'].map((name) => headers.get(name));
  if (key == null || generation == null || etag == null)
    throw unexpected('the answer does not say of which entry it is (Parqueue-Key, Parqueue-Generation, ETag)');
  return {
    key,
    generation: Number(generation),
    version: headers.get('parqueue-version') ?? '',
    etag,
    cacheStatus: headers.get('cache-status'),
  };
}
