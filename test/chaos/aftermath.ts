/** What must be so when everything was mended and nothing changes any more. Each thing that is wrong is a finding. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectRedis } from '@parqueue/core/redis';
import { atRest, keysLeft, leftForEver, pinsForEver, reconciled, verified } from '../crash/aftermath.ts';
import type { Http } from './http.ts';
import type { Finding } from './judge.ts';
import { datasetOf, policiesOf, QUESTIONS, queryOf, type Question } from './questions.ts';
import { FORMS, type RowSets } from './row-sets.ts';
import type { Held } from './server-handle.ts';
import type { ChaosStage } from './stage.ts';

export interface AftermathDeps {
  readonly stage: ChaosStage;
  readonly http: Http;
  readonly rowSets: RowSets;
}

/** Far above what they need (a worker with two threads: about 300 MiB and 60 handles), far below what leaks come to. */
const RSS_MAX_MIB = 1024;
const HANDLES_MAX = 300;
/** The first collection begins the grace of what nobody named yet, the next one ends it. */
const COLLECTIONS_MAX = 8;

export async function aftermathOf(deps: AftermathDeps): Promise<readonly Finding[]> {
  const { stage } = deps;
  const redis = connectRedis({ url: stage.redis.url }, 'worker');
  try {
    const wrong = [...(await converged(deps)), ...(await atRest(stage))];
    // A collection as if all pins were over takes them away.
    wrong.push(...(await pinsForEver(redis)), ...(await collected(stage, redis)));
    // What was damaged on purpose is gone by now, with all that was replaced.
    wrong.push(...(await verified(stage)));
    wrong.push(...(await leftForEver(async () => [...(await leasesLeft(stage, redis)), ...(await keysLeft(redis))])));
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

/** Every process answers every question, under every policy and in every form, with the rows that are there now, and one generation of them. */
async function converged({ stage, http, rowSets }: AftermathDeps): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const question of QUESTIONS) {
    const generations = new Set<string>();
    const current = stage.subject(question.source).history.latest;
    for (const { api } of stage.apis) {
      for (const policy of policiesOf(question)) {
        for (const form of policy === 'strict' || policy === 'ttl' ? FORMS : FORMS.slice(0, 1)) {
          const of = `${question.name} (${policy}, ${form}) by ${api.name}`;
          const url = `${api.url}/v1/datasets/${datasetOf(question, policy)}.${form}?${queryOf(question)}`;
          const reply = await http.send(url, { headers: question.byAge ? {} : { 'cache-control': 'no-cache' } });
          if (reply.code !== null) wrong.push(`${of} is refused: ${reply.code}`);
          else {
            const { found } = await rowSets.read(form, reply.body, question.columns);
            if (found.wrong !== null) wrong.push(`${of}: ${found.wrong}`);
            else if (found.version !== current && !question.byAge)
              wrong.push(`${of} has version ${found.version}, the source ${current}`);
            generations.add(String(reply.headers['parqueue-generation']));
          }
        }
      }
    }
    if (generations.size > 1 && !question.byAge)
      wrong.push(`${question.name} is answered from generations ${[...generations].join(' and ')}`);
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
  const reserved = Object.entries(await redis.hgetall('{pq}:reserved'));
  const held = reserved.filter(([, text]) => Number(text.split(':')[1]) > nowMs);
  return [...expiries.flat(), ...held.map(([fillId]) => `room is reserved: ${fillId}`)];
}
