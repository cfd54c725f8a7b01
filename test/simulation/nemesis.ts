/** Who makes things go wrong: sources that change, processes that die or stall, a Redis that forgets, bytes that rot. */
import type { InvalidateMode, ResolvedRequest } from '@parqueue/core';
import { copyOf, emptyState } from '@parqueue/core/testing';
import type { Deed, Profile } from './profile.ts';
import { thingsOf } from './sim-requests.ts';
import type { Actor } from './scheduler.ts';
import type { Truth } from './truth.ts';
import type { World } from './world.ts';

export class Nemesis {
  readonly #world: World;
  readonly #truth: Truth;
  /** Told what the deeds' own calls were refused with. */
  readonly #refused: (error: unknown) => void;
  readonly #mayRollBack: boolean;
  readonly #snapshots: World['redis']['state'][] = [];

  constructor(
    world: World,
    told: { readonly truth: Truth; readonly profile: Profile; readonly refused: (error: unknown) => void },
  ) {
    this.#world = world;
    this.#truth = told.truth;
    this.#mayRollBack = told.profile.deeds.includes('rollback-redis');
    this.#refused = told.refused;
  }

  /** Keeps a memory of Redis now and then, to put it back later. */
  snapshot(): void {
    if (!this.#mayRollBack || !this.#world.random.chance(0.05)) return;
    this.#snapshots.push(copyOf(this.#world.redis.state));
    if (this.#snapshots.length > 3) this.#snapshots.shift();
  }

  act(deed: Deed): void {
    const world = this.#world;
    const { random } = world;
    const request = random.pick(world.requests);
    const things = thingsOf(request.canonical);
    const source = world.things.get(things.length > 1 ? random.pick(things) : (things[0] ?? ''));
    const process = world.processes.length > 0 ? random.pick(world.processes) : null;
    switch (deed) {
      case 'change':
        world.injected.count('source changed');
        return source?.change(Math.max(...source.history.map(({ content }) => content)) + 1);
      case 'revert':
        // The version of a table counts on, whatever its rows are.
        if (request.canonical.question.kind === 'sql') return this.act('change');
        world.injected.count('source reverted');
        return source?.change(random.pick(source.history).content);
      case 'source-down':
        if (source !== undefined) source.failing = true;
        return undefined;
      case 'source-up':
        if (source !== undefined) source.failing = false;
        return undefined;
      case 'crash':
        if (process === null) return undefined;
        world.crash(process);
        world.start(process.kind);
        return undefined;
      case 'stall':
        if (process !== null) this.#stall(process, 200);
        return undefined;
      case 'restart-redis':
        return world.restartRedis();
      case 'rollback-redis': {
        const before = this.#snapshots.pop();
        this.#snapshots.length = 0;
        if (before === undefined) return undefined;
        world.restartRedis(before);
        world.injected.count('Redis lost its last second');
        return world.queue.forget(0.3, random);
      }
      case 'flush-redis':
        return this.#forgetAll(() => world.restartRedis(emptyState('')));
      case 'clear-redis':
        return this.#forgetAll(() => world.flushRedis());
      case 'late-snapshot':
        return world.ambush({ label: 'stage', strike: (victim) => this.#stall(victim, 400) });
      case 'late-reading':
        return world.ambush({ label: 'part-read', strike: (victim) => this.#stall(victim, 400) });
      case 'late-probe':
        return world.ambush({
          label: random.pick(['probe-start', 'source-probe', 'mark-verified']),
          strike: (victim) => {
            world.injected.count('probe late');
            this.#stall(victim, 400);
          },
        });
      case 'slow-rows':
        return world.ambush({ label: 'source-last-batch', strike: (victim) => this.#stall(victim, 400) });
      case 'late-commit':
        return world.ambush({ label: 'head-commit', strike: (victim) => this.#stall(victim, 400) });
      case 'late-opening':
        return world.ambush({
          label: 'epoch-open',
          strike: (victim) => {
            this.#stall(victim, 400);
            this.act('clear-redis');
          },
        });
      case 'forget-under-mark':
        return world.ambush({
          label: 'raiseMark',
          strike: (victim) => {
            this.#stall(victim, 400);
            this.act('flush-redis');
          },
        });
      case 'lose-jobs':
        return world.queue.forget(0.3, random);
      case 'soft':
      case 'hard':
      case 'purge':
        return this.#invalidate(request.key, deed);
      case 'mark-table':
        // A file is no table: no mark of that name would reach it.
        return this.#markTable(random.pick(thingsOf((isStatement(request) ? request : this.#statement()).canonical)));
      case 'refresh':
        return this.#refresh();
      case 'mark-prefix':
        return this.#markPrefix(random.pick(['', request.key.slice(0, 1), request.key]));
      case 'gc':
        return this.#collect(request.key);
      case 'lull':
        world.scheduler.nowMs += world.pinTtlMs + world.rules.graceMs;
        return this.#makeRoom(0);
      case 'make-room':
        return this.#makeRoom(random.pick([0, 100]));
      case 'gc-dies':
        return world.ambush({
          label: random.pick(['moveToTrash', 'generation-removed', 'clearHead']),
          strike: (victim) => this.#kill(victim),
        });
      case 'late-eviction':
        return world.ambush({ label: 'head-evict', strike: (victim) => this.#stall(victim, 400) });
      case 'late-removal':
        return world.ambush({ label: 'moveToTrash', strike: (victim) => this.#stall(victim, 400) });
      case 'forget-under-removal':
        return world.ambush({
          label: 'moveToTrash',
          strike: (victim) => {
            this.#stall(victim, 2000);
            this.act('flush-redis');
          },
        });
      case 'damage':
        return this.#damage(request.key);
    }
  }

  #statement(): ResolvedRequest {
    const statement = this.#world.requests.find(isStatement);
    if (statement === undefined) throw new Error('no table to mark: nobody asks for a statement');
    return statement;
  }

  #forgetAll(forget: () => void): void {
    forget();
    this.#world.injected.count('Redis lost everything');
    this.#snapshots.length = 0;
    this.#world.queue.forget(1, this.#world.random);
  }

  #stall(actor: Actor, ms: number): void {
    this.#world.injected.count('process stalled');
    actor.stalledUntilMs = this.#world.scheduler.nowMs + this.#world.random.below(ms);
  }

  #invalidate(key: string, mode: InvalidateMode): void {
    const world = this.#world;
    const apis = world.processes.filter(({ kind }) => kind === 'api');
    if (apis.length === 0) return;
    const scopes = [`key:${key}`, 'dataset:sims', 'source:sim'];
    const scope = world.random.pick(scopes);
    const keys = scope === `key:${key}` ? [key] : world.requests.map((request) => request.key);
    this.#mark(scope, mode, keys);
  }

  /** Whoever asks for rows of the table is concerned, whatever name the request calls it by. */
  #markTable(table: string): void {
    const { requests, random } = this.#world;
    const reading = requests.filter(({ canonical }) => thingsOf(canonical).includes(table));
    const mode = random.pick(['soft', 'hard', 'hard', 'purge'] as const);
    this.#mark(
      `table:sim/${table}`,
      mode,
      reading.map(({ key }) => key),
    );
  }

  /**
   * What was the head of a key that begins with it, or under way, when it was sent, and is the head when it is acknowledged,
   * has been marked: first loads included, and also where Redis forgot meanwhile.
   */
  #markPrefix(prefix: string): void {
    const world = this.#world;
    const { random, scheduler, processes, redis } = world;
    const apis = processes.filter(({ kind }) => kind === 'api');
    if (apis.length === 0) return;
    const mode = random.pick(['soft', 'hard', 'purge'] as const);
    const sentStep = scheduler.steps;
    const before = [...redis.state.keys].flatMap(([key, { head, lease }]) =>
      key.startsWith(prefix) ? [{ key, fences: [head?.fence, lease?.fence] }] : [],
    );
    const api = random.pick(apis);
    api
      .invalidatePrefix(prefix, mode)
      .then(({ marks }) => {
        if (api.dead) return;
        world.injected.count(`${mode} of a prefix`);
        for (const { target, tick } of marks) {
          const keys = new Set([target.slice('key:'.length)]);
          this.#truth.marks.push({ keys, mode, sentStep, ackedStep: scheduler.steps, tick });
        }
        const missed = before.filter(
          ({ key, fences }) =>
            fences.includes(redis.state.keys.get(key)?.head?.fence ?? NaN)
            && !marks.some(({ target }) => target === `key:${key}`),
        );
        if (missed.length > 0)
          this.#refused(new Error(`I11: ${mode} of "${prefix}" missed ${missed.map(({ key }) => key).join(', ')}`));
      })
      .catch((error: unknown) => {
        this.#refused(error);
      });
  }

  /** What it finds is judged by what is answered, and by how often each state was loaded. */
  #refresh(): void {
    const { random, processes } = this.#world;
    const workers = processes.filter(({ kind, opened }) => kind === 'worker' && opened);
    if (workers.length === 0) return;
    random
      .pick(workers)
      .refresh(random.chance(0.5))
      .catch((error: unknown) => {
        this.#refused(error);
      });
  }

  #mark(scope: string, mode: InvalidateMode, keys: readonly string[]): void {
    const world = this.#world;
    const { random, scheduler } = world;
    const apis = world.processes.filter(({ kind }) => kind === 'api');
    if (apis.length === 0) return;
    const sentStep = scheduler.steps;
    const api = random.pick(apis);
    api
      .invalidate(scope, mode)
      .then((tick) => {
        if (api.dead) return;
        world.injected.count(`${mode} of a ${scopeOf(scope)}`);
        this.#truth.marks.push({ keys: new Set(keys), mode, sentStep, ackedStep: scheduler.steps, tick });
      })
      .catch((error: unknown) => {
        this.#refused(error);
      });
  }

  #kill(actor: Actor): void {
    const world = this.#world;
    const process = world.processes.find((candidate) => candidate === actor);
    if (process === undefined) return;
    world.crash(process);
    world.start(process.kind);
  }

  #makeRoom(quotaBytes: number): void {
    const workers = this.#world.processes.filter(({ kind }) => kind === 'worker');
    if (workers.length === 0) return;
    this.#world.random
      .pick(workers)
      .makeRoom(quotaBytes)
      .then((began) => this.#world.injected.count('collection', began ? 1 : 0))
      .catch((error: unknown) => {
        this.#refused(error);
      });
  }

  #collect(key: string): void {
    const workers = this.#world.processes.filter(({ kind }) => kind === 'worker');
    if (workers.length === 0) return;
    this.#world.random
      .pick(workers)
      .collect(key)
      .then((began) => this.#world.injected.count('collection', began ? 1 : 0))
      .catch((error: unknown) => {
        this.#refused(error);
      });
  }

  /** Bytes rot; the next reader notices and says so, as the API does before it sends anything. */
  #damage(key: string): void {
    const world = this.#world;
    const head = world.redis.state.keys.get(key)?.head;
    const api = world.processes.find(({ kind }) => kind === 'api');
    if (head == null || api === undefined) return;
    this.#truth.damaged = true;
    world.injected.count('part damaged');
    world.store.corruptPart(key, head.fence);
    api.epochs
      .run(() => api.coordination.heads.markDamaged(key, head.fence, 'simulated'))
      .catch((error: unknown) => {
        this.#refused(error);
      });
  }
}

function isStatement({ canonical }: ResolvedRequest): boolean {
  return canonical.question.kind === 'sql';
}

/** What a mark is of, by its name: `table:sim/APP.A`. */
function scopeOf(scope: string): 'key' | 'dataset' | 'source' | 'table' {
  const [kind] = scope.split(':');
  if (kind === 'key' || kind === 'dataset' || kind === 'source' || kind === 'table') return kind;
  throw new Error(`nobody marks ${scope}`);
}
