/** What must be so when everything was mended and nothing changes any more. Each thing that is wrong is a finding. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectRedis } from '@parqueue/core/redis';
import { atRest, keysLeft, leftForEver, pinsForEver, reconciled, verified } from '../crash/aftermath.ts';
import type { Api } from './client.ts';
import type { Http } from './http.ts';
import type { Finding } from './judge.ts';
import { datasetOf, policiesOf, QUESTIONS, queryOf, type PolicyName, type Question } from './questions.ts';
import { FORMS, type Form, type RowSets } from './row-sets.ts';
import type { Held } from './server-handle.ts';
import type { ChaosStage } from './stage.ts';

export interface AftermathDeps {
  readonly stage: ChaosStage;
  readonly http: Http;
  readonly rowSets: RowSets;
  /** When the last load may have been cut off, by the host's clock: what it reserved of the store ends by itself. */
  readonly cutOffMs: number;
}

/** Far above what they need (a worker with two threads: about 300 MiB and 60 handles), far below what leaks come to. */
const RSS_MAX_MIB = 1024;
const HANDLES_MAX = 300;
/** Asks at once: enough that nobody waits for another's load, few enough for two cores. */
const ASKS_AT_ONCE = 8;
/** What a load reserves for its part's size, when that is known, ends by itself within a minute (docs/redis-keyspace.md). */
const ROOM_ENDS_WITHIN_MS = 60_000;
/** The first collection begins the grace of what nobody named yet, the next one ends it. */
const COLLECTIONS_MAX = 8;

export async function aftermathOf(deps: AftermathDeps): Promise<readonly Finding[]> {
  const { stage, cutOffMs } = deps;
  const redis = connectRedis({ url: stage.redis.url }, 'worker');
  try {
    const wrong = [...(await converged(deps)), ...(await atRest(stage))];
    // A collection as if all pins were over takes them away.
    wrong.push(...(await pinsForEver(redis)), ...(await collected(stage, redis)));
    // What was damaged on purpose is gone by now, with all that was replaced.
    wrong.push(...(await verified(stage)));
    wrong.push(
      ...(await leftForEver(async () => [
        ...(await leasesLeft(stage, redis)),
        ...(await roomLeft(redis, cutOffMs)),
        ...(await keysLeft(redis)),
      ])),
    );
    wrong.push(...[...stage.workers, ...stage.apis.map(({ handle }) => handle)].flatMap(({ deaths }) => deaths));
    for (const { name, rssMiB, handles } of await heldBy(stage))
      if (rssMiB > RSS_MAX_MIB || handles > HANDLES_MAX)
        wrong.push(`${name} holds ${rssMiB} MiB and ${handles} handles`);
    return wrong.map((message) => ({ reason: 'left', message }));
  } finally {
    redis.disconnect();
  }
}

export async function heldBy(stage: ChaosStage): Promise<readonly Held[]> {
  const held = await Promise.all(
    [...stage.workers, ...stage.apis.map(({ handle }) => handle)].map((server) => server.held()),
  );
  return held.filter((of) => of !== null);
}

interface Ask {
  readonly question: Question;
  readonly api: Api;
  readonly policy: PolicyName;
  readonly form: Form;
}

/** Every process, every question, every policy and form; neighbours are different questions. */
function asksOf({ apis }: ChaosStage): readonly Ask[] {
  return (['strict', 'ttl', 'aged', 'lazy'] as const).flatMap((policy) =>
    (policy === 'strict' || policy === 'ttl' ? FORMS : FORMS.slice(0, 1)).flatMap((form) =>
      apis.flatMap(({ api }) =>
        QUESTIONS.filter((question) => policiesOf(question).includes(policy)).map((question) => ({
          question,
          api,
          policy,
          form,
        })),
      ),
    ),
  );
}

/** Each of them is answered with the rows that are there now, and a question from one generation. */
async function converged({ stage, http, rowSets }: AftermathDeps): Promise<readonly string[]> {
  const wrong: string[] = [];
  const generations = new Map(QUESTIONS.map(({ name }) => [name, new Set<string>()]));
  const left = [...asksOf(stage)];
  const askOn = async (): Promise<void> => {
    for (let ask = left.shift(); ask !== undefined; ask = left.shift()) {
      const { question, api, policy, form } = ask;
      const of = `${question.name} (${policy}, ${form}) by ${api.name}`;
      const url = `${api.url}/v1/datasets/${datasetOf(question, policy)}.${form}?${queryOf(question)}`;
      const reply = await http.send(url, { headers: question.byAge ? {} : { 'cache-control': 'no-cache' } });
      if (reply.code !== null) {
        wrong.push(`${of} is refused: ${reply.code}`);
        continue;
      }
      const current = stage.subject(question.source).history.latest;
      const { found } = await rowSets.read(form, reply.body, question.columns);
      if (found.wrong !== null) wrong.push(`${of}: ${found.wrong}`);
      else if (found.version !== current && !question.byAge)
        wrong.push(`${of} has version ${found.version}, the source ${current}`);
      generations.get(question.name)?.add(String(reply.headers['parqueue-generation']));
    }
  };
  await Promise.all(Array.from({ length: ASKS_AT_ONCE }, askOn));
  for (const { name } of QUESTIONS.filter((question) => !question.byAge)) {
    const all = [...(generations.get(name) ?? [])];
    if (all.length !== 1) wrong.push(`${name} is answered from generations ${all.join(' and ')}`);
  }
  return wrong;
}

type Redis = ReturnType<typeof connectRedis>;

/** A collection as if all graces and pins were over leaves each head's generation alone. */
async function collected(stage: ChaosStage, redis: Redis): Promise<readonly string[]> {
  await reconciled(stage);
  let left: readonly string[] = [];
  for (let round = 1; round <= COLLECTIONS_MAX; round += 1) {
    for (const question of QUESTIONS) {
      const key = stage.keyOf(question);
      await redis.del(`{pq}:pins:${key}`, `{pq}:pinned:${key}`);
    }
    const waitingFor = await stage.collect(true);
    left = waitingFor === null ? await leftovers(stage, redis) : [`gc waits for ${waitingFor}`];
    if (left.length === 0) return [];
    await sleep(500);
  }
  return left;
}

async function leftovers(stage: ChaosStage, redis: Redis): Promise<readonly string[]> {
  const left: string[] = [];
  for (const question of QUESTIONS) {
    const key = stage.keyOf(question);
    const head = Number(await redis.hget(`{pq}:head:${key}`, 'fence'));
    const { generations, staging } = await stage.store.directories.list(key);
    const named = await stage.store.marks.readHead(key);
    left.push(...staging.map(({ fence, fillId }) => `${question.name}: staging is left: ${fence}-${fillId}`));
    left.push(...othersThan(head, generations, question));
    if (named?.fence !== head) left.push(`${question.name}: head.json names g${named?.fence}, the head is g${head}`);
  }
  const trash = await readdir(join(stage.store.root, 'trash'));
  return [...left, ...trash.map((name) => `trash holds ${name}`)];
}

function othersThan(head: number, generations: readonly number[], { name }: Question): readonly string[] {
  return generations.filter((fence) => fence !== head).map((fence) => `${name}: g${fence} is left beside g${head}`);
}

async function leasesLeft(stage: ChaosStage, redis: Redis): Promise<readonly string[]> {
  const [seconds] = await redis.time();
  const nowMs = Number(seconds) * 1000;
  const expiries = await Promise.all(
    QUESTIONS.map(async (question) => {
      const expiresAt = await redis.hget(`{pq}:lease:${stage.keyOf(question)}`, 'expiresAt');
      return Number(expiresAt ?? 0) > nowMs ? [`${question.name}: a lease lives`] : [];
    }),
  );
  return expiries.flat();
}

/** Nobody gives back what the dead had reserved, so it may be there for its minute; for no longer, and nobody else's. */
async function roomLeft(redis: Redis, cutOffMs: number): Promise<readonly string[]> {
  const [seconds] = await redis.time();
  const allowedMs = Math.max((Number(seconds) + 1) * 1000, cutOffMs + ROOM_ENDS_WITHIN_MS);
  const reserved = Object.entries(await redis.hgetall('{pq}:reserved'));
  const held = reserved.filter(([, text]) => Number(text.split(':')[1]) > allowedMs);
  return held.map(([fillId]) => `room is reserved: ${fillId}`);
}
