/** One client process of a swarm: gets on command, checks every answer by itself, reports what it saw. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isParqueueHttpError, Parqueue, type Answer } from '@parqueue/client';
import { nowNs, type ClientPlan, type FromClient, type Sighting, type ToClient } from './messages.ts';
import { readAnswer } from './read-answer.ts';

const plan = JSON.parse(process.argv[2] ?? '') as ClientPlan;
const client = new Parqueue({ url: plan.url, ...(plan.apiKey === null ? {} : { apiKey: plan.apiKey }) });

/** A get that takes longer than this hangs; nothing in a swarm is that large. */
const GET_TIMEOUT_MS = 120_000;

process.on('message', (message: ToClient) => {
  void runWave(message.delaysMs);
});
process.once('disconnect', () => process.exit(0));

async function runWave(delaysMs: readonly number[]): Promise<void> {
  const sightings: Sighting[] = [];
  for (const delayMs of delaysMs) {
    await sleep(delayMs);
    sightings.push(await look());
  }
  const report: FromClient = { type: 'sightings', sightings };
  process.send?.(report);
}

async function look(): Promise<Sighting> {
  const askedNs = nowNs();
  const nothing = { client: plan.client, askedNs, revision: null, generation: null, cacheStatus: '' };
  let answer: Answer;
  let bytes: Uint8Array;
  try {
    answer = await ask();
    bytes = await answer.bytes();
  } catch (error) {
    const code = isParqueueHttpError(error) ? `${error.code}: ` : '';
    return { ...nothing, answeredNs: nowNs(), problem: { kind: 'failed', message: `${code}${wordsOf(error)}` } };
  }
  const answeredNs = nowNs();
  const seen = { ...nothing, answeredNs, generation: answer.generation, cacheStatus: answer.cacheStatus ?? '' };
  try {
    const { revision, problem } = await readAnswer(bytes, answer.etag, plan.shape);
    return { ...seen, revision, problem: problem === null ? null : { kind: 'torn', message: problem } };
  } catch (error) {
    return { ...seen, problem: { kind: 'torn', message: `bytes that are not Parquet: ${wordsOf(error)}` } };
  }
}

async function ask(): Promise<Answer> {
  const { question, freshness } = plan;
  const options = { freshness, signal: AbortSignal.timeout(GET_TIMEOUT_MS) };
  return 'dataset' in question
    ? await client.get(question.dataset, { ...options, params: question.params ?? {} })
    : await client.query(question, options);
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
