/**
 * The deeds, in six lanes: deeds of one lane never meet, those of different ones may (run.ts). A deed is over when what it
 * broke is proved to work again, by strict asks of those whom it concerns.
 */
import { open, stat, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { shardOf } from '@parqueue/core';
import type { Api } from './client.ts';
import type { Deed, DeedKind, Deeds, Struck } from './deeds.ts';
import type { Dice } from './dice.ts';
import type { Http, Reply } from './http.ts';
import type { Damage, Finding, Judge, Mark } from './judge.ts';
import { datasetOf, QUESTIONS, queryOf, type Question, type SourceName } from './questions.ts';
import { BALLAST, LEASE_TTL_MS, type ChaosStage } from './stage.ts';
import type { Writer } from './writer.ts';

/** Longer than any command to Redis waits. */
const REDIS_SILENT_MS = 6500;
/** Nothing that was broken for seconds is broken for longer than this afterwards, cool-downs of a source among it. */
const RECOVERS_WITHIN_MS = 300_000;

export interface NemesisDeps {
  readonly stage: ChaosStage;
  readonly writers: readonly Writer[];
  readonly deeds: Deeds;
  readonly judge: Judge;
  readonly http: Http;
  readonly dice: Dice;
  readonly now: () => number;
  readonly found: (finding: Finding) => void;
}

export type Play = () => Promise<void>;
type DamageKind = Extract<DeedKind, `${'part' | 'manifest' | 'head.json'} ${'flipped' | 'cut'}`>;

export class Nemesis {
  readonly #deps: NemesisDeps;

  constructor(deps: NemesisDeps) {
    this.#deps = deps;
  }

  /** The deeds of each lane, each of them once; what they strike is thrown anew whenever they are played. */
  lanes(): readonly (readonly Play[])[] {
    const { stage, dice } = this.#deps;
    const redis =
      (kind: DeedKind, strike: Play): Play =>
      () =>
        this.#play(kind, { target: 'Redis' }, strike);
    // A mark holds from its acknowledgement on, also where Redis is gone in the next moment and nobody asked meanwhile.
    const justMarked =
      (play: Play): Play =>
      () =>
        this.#marked('hard', play);
    const source =
      (kind: DeedKind, name: SourceName, strike: Play): Play =>
      () =>
        this.#play(kind, { target: name, concerns: ({ source: of }) => of === name }, strike);
    const away =
      (name: SourceName): Play =>
      async () => {
        await stage.subject(name).down();
        await sleep(1500 + dice.below(1500));
        await stage.subject(name).comeBack();
      };
    const damage = (kind: DamageKind): Play => {
      return () => this.#damaged(kind);
    };
    return [
      [
        justMarked(redis('Redis paused', () => this.#redisPaused())),
        justMarked(redis('Redis killed', () => this.#redisGone(true))),
        redis('Redis emptied', () => this.#redisGone(false)),
        redis('Redis lost its last second', () => stage.redis.restartWithoutLast(1000)),
      ],
      [() => this.#workerKilled(), () => this.#workerStopped(), () => this.#apiKilled(), () => this.#apiStopped()],
      [() => this.#collection(), () => this.#quotaFilled(), damage('part flipped'), damage('part cut')],
      (['manifest flipped', 'manifest cut', 'head.json flipped', 'head.json cut'] as const).map(damage),
      [
        source('files away', 'lake', away('lake')),
        source('Postgres down', 'pg', away('pg')),
        source('Oracle down', 'ora', away('ora')),
        source('Oracle stopped', 'ora', () => this.#oracleStopped()),
      ],
      (['soft', 'hard', 'purge', 'hard'] as const).map(
        (mode): Play =>
          () =>
            this.#marked(mode),
      ),
    ];
  }

  async #play(kind: DeedKind, struck: Struck, strike: (deed: Deed) => Promise<void>): Promise<void> {
    const { deeds, now } = this.#deps;
    const deed = deeds.begin(kind, struck, now());
    await strike(deed);
    await this.#recovered(deed);
    deed.endedMs = now();
  }

  /** Each process that noticed proves an answer to each question that did. */
  async #recovered({ kind, target, api: only, concerns }: Deed): Promise<void> {
    const { stage, found, now } = this.#deps;
    const deadline = now() + RECOVERS_WITHIN_MS;
    const apis = stage.apis.map(({ api }) => api).filter(({ name }) => only === null || name === only);
    const proofs = apis.flatMap((api) =>
      QUESTIONS.filter(concerns).map(async (question) => {
        const refused = await this.#until(
          deadline,
          () => this.#prove(api, question),
          ({ code }) => code === null,
        );
        if (refused !== null)
          found({
            reason: 'left',
            message: `${kind} (${target}): ${question.name} by ${api.name} is refused ever since: ${refused}`,
          });
      }),
    );
    await Promise.all(proofs);
  }

  /** @returns null, or the last refusal */
  async #until(deadline: number, ask: () => Promise<Reply>, isGood: (reply: Reply) => boolean): Promise<string | null> {
    for (;;) {
      const reply = await ask();
      if (isGood(reply)) return null;
      if (this.#deps.now() > deadline) return reply.code ?? `status ${reply.status}`;
      await sleep(100);
    }
  }

  async #prove(api: Api, question: Question): Promise<Reply> {
    const policy = question.byAge ? 'ttl' : 'strict';
    const url = `${api.url}/v1/datasets/${datasetOf(question, policy)}.parquet?${queryOf(question)}`;
    return await this.#deps.http.send(url);
  }

  async #redisPaused(): Promise<void> {
    const { redis } = this.#deps.stage;
    redis.pause();
    await sleep(REDIS_SILENT_MS);
    redis.resume();
  }

  async #redisGone(keepData: boolean): Promise<void> {
    const { stage, dice } = this.#deps;
    await stage.redis.kill();
    await sleep(dice.below(3000));
    await stage.redis.restart({ keepData });
  }

  async #workerKilled(): Promise<void> {
    const { stage, dice } = this.#deps;
    const worker = dice.one(stage.workers);
    await this.#play('worker killed', { target: worker.name }, async () => {
      await worker.kill();
      await sleep(dice.below(1000));
      await worker.start();
    });
  }

  async #workerStopped(): Promise<void> {
    const { stage, dice } = this.#deps;
    const worker = dice.one(stage.workers);
    await this.#play('worker stopped', { target: worker.name }, async () => {
      worker.signal('SIGSTOP');
      await sleep(1.2 * LEASE_TTL_MS + dice.below(LEASE_TTL_MS));
      worker.signal('SIGCONT');
    });
  }

  async #apiKilled(): Promise<void> {
    const { stage, dice } = this.#deps;
    const { handle } = dice.one(stage.apis);
    await this.#play('API killed', { target: handle.name, api: handle.name }, async () => {
      await handle.kill();
      await sleep(dice.below(1000));
      await handle.start();
    });
  }

  async #apiStopped(): Promise<void> {
    const { stage, dice } = this.#deps;
    const { handle } = dice.one(stage.apis);
    await this.#play('API stopped', { target: handle.name, api: handle.name }, async () => {
      handle.signal('SIGSTOP');
      await sleep(1000 + dice.below(4000));
      handle.signal('SIGCONT');
    });
  }

  async #oracleStopped(): Promise<void> {
    const { stage, dice } = this.#deps;
    stage.oracle.stop();
    await sleep(2000 + dice.below(2000));
    stage.oracle.goOn();
  }

  /** A whole one: while readers may hold pins that Redis forgot there is none. */
  async #collection(): Promise<void> {
    const { stage } = this.#deps;
    await this.#play('collection', { target: 'store' }, async () => {
      for (;;) {
        const waitingFor = await stage.collect().catch(() => 'Redis');
        if (waitingFor === null) return;
        await sleep(500);
      }
    });
  }

  /** Until a load is refused for want of room, which one that is larger than the quota is for certain. */
  async #quotaFilled(): Promise<void> {
    const { stage, http, found, now } = this.#deps;
    const [{ api } = { api: { name: '', url: '' } }] = stage.apis;
    const post = async (path: string, body: unknown): Promise<Reply> =>
      await http.send(`${api.url}${path}`, { method: 'POST', body });
    await this.#play('quota filled', { target: 'store' }, async () => {
      const deadline = now() + RECOVERS_WITHIN_MS;
      const load = async (name: string, isAwaited: (reply: Reply) => boolean): Promise<void> => {
        const ask = async (): Promise<Reply> => {
          // Redis may be away: then there is another time.
          await stage.unpinBallast().catch(() => undefined);
          return await post('/v1/resolve', { dataset: 'ballast', params: { name } });
        };
        const refused = await this.#until(deadline, ask, isAwaited);
        if (refused !== null) found({ reason: 'left', message: `quota filled: ballast ${name} came to ${refused}` });
      };
      const purge = async (): Promise<void> => {
        const mark = async (): Promise<Reply> => await post('/v1/invalidate', { dataset: 'ballast', mode: 'purge' });
        await this.#until(deadline, mark, ({ code }) => code === null);
      };
      for (const name of BALLAST)
        await load(name, ({ code }) => code === 'PQ_STORE_FULL' || (name !== 'huge' && code === null));
      // What was purged goes after a while, and only then there is room for everybody.
      await purge();
      await load('one', ({ code }) => code === null);
      await purge();
    });
  }

  /**
   * The files of a head, while its source stays as it is: afterwards a strict ask is answered, and where the check of each
   * read has to notice, from another generation.
   */
  async #damaged(kind: DamageKind): Promise<void> {
    const { stage, writers, dice, judge, now, found } = this.#deps;
    const question = dice.one(QUESTIONS.filter(({ byAge }) => !byAge));
    const writer = writers.find(({ subject }) => subject.name === question.source);
    const key = stage.keyOf(question);
    await this.#play(kind, { target: question.name, concerns: ({ name }) => name === question.name }, async () => {
      await writer?.still(async () => {
        const before = await this.#generation(question);
        const part = stage.store.reader.partPath(key, before).absolute;
        const path = kind.startsWith('part')
          ? part
          : kind.startsWith('manifest')
            ? join(dirname(part), 'manifest.json')
            : join(stage.store.root, 'entries', shardOf(key), key, 'head.json');
        const damage: Damage = { key, generation: before, beganMs: now(), endedMs: Infinity };
        judge.damaged(damage);
        const isDone = await (kind.endsWith('flipped') ? flip(path, dice) : cut(path, dice));
        damage.endedMs = now();
        const after = await this.#generation(question);
        if (isDone && !kind.startsWith('head') && kind !== 'manifest flipped' && after <= before)
          found({
            reason: 'torn',
            message: `${kind}: ${question.name} was answered from g${after} although g${before} is damaged`,
          });
      });
    });
  }

  async #generation(question: Question): Promise<number> {
    const { stage, dice, now } = this.#deps;
    let generation = 0;
    await this.#until(
      now() + RECOVERS_WITHIN_MS,
      async () => {
        const reply = await this.#prove(dice.one(stage.apis).api, question);
        generation = Number(reply.headers['parqueue-generation'] ?? 0);
        return reply;
      },
      ({ code }) => code === null,
    );
    return generation;
  }

  async #marked(mode: Mark['mode'], andThen: Play = async () => await Promise.resolve()): Promise<void> {
    const { dice } = this.#deps;
    const target = this.#markTarget(dice.one(QUESTIONS));
    const { concerns, name } = target;
    const kind = mode === 'purge' ? 'purged' : (`marked ${mode}` as const);
    await this.#play(kind, { target: name, concerns }, async (deed) => {
      await this.#acknowledged(mode, target, deed);
      await andThen();
    });
  }

  /** In the end, however often it was refused before. */
  async #acknowledged(mode: Mark['mode'], { body, concerns }: MarkTarget, deed: Deed): Promise<void> {
    const { stage, dice, http, judge, now } = this.#deps;
    for (; ; deed.strikes += 1) {
      const newest = new Map(QUESTIONS.map((question) => [question.name, judge.newestOf(question)]));
      const sentMs = now();
      const url = `${dice.one(stage.apis).api.url}/v1/invalidate`;
      const { code } = await http.send(url, { method: 'POST', body: { ...body, mode } });
      if (code === null) return judge.marked({ mode, concerns, sentMs, ackedMs: now() }, newest, QUESTIONS);
      await sleep(100);
    }
  }

  #markTarget(question: Question): MarkTarget {
    const { source, byAge } = question;
    const ofSource: Mark['concerns'] = (other) => other.source === source;
    const scope = this.#deps.dice.one(['key', 'dataset', 'source', ...(source === 'lake' ? [] : ['table'])]);
    switch (scope) {
      case 'key':
        return {
          body: { key: this.#deps.stage.keyOf(question) },
          name: question.name,
          concerns: ({ name }) => name === question.name,
        };
      case 'dataset': {
        const dataset = datasetOf(question, byAge ? 'ttl' : 'aged');
        return { body: { dataset }, name: dataset, concerns: (other) => ofSource(other) && other.byAge === byAge };
      }
      case 'table':
        return { body: { source, table: 'words' }, name: `${source}: words`, concerns: ofSource };
      default:
        return { body: { source }, name: source, concerns: ofSource };
    }
  }
}

interface MarkTarget {
  readonly body: object;
  readonly name: string;
  readonly concerns: Mark['concerns'];
}

/** One bit. @returns false where the file is gone */
async function flip(path: string, dice: Dice): Promise<boolean> {
  try {
    await using file = await open(path, 'r+');
    const { size } = await file.stat();
    const at = dice.below(size);
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, at);
    byte[0] = (byte[0] ?? 0) ^ (1 << dice.below(8));
    await file.write(byte, 0, 1, at);
    return true;
  } catch (error) {
    return isGone(error);
  }
}

async function cut(path: string, dice: Dice): Promise<boolean> {
  try {
    const { size } = await stat(path);
    await truncate(path, dice.below(size));
    return true;
  } catch (error) {
    return isGone(error);
  }
}

function isGone(error: unknown): false {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
  throw error;
}
