import { setImmediate as turn } from 'node:timers/promises';
import { ParqueueError, type Clock, type Failure, type Happened } from '@parqueue/core';
import { expect, test } from 'vitest';
import type { Live } from '../coordination-link.ts';
import type { FoundFill } from './fill-lookup.ts';
import { Watch, type Listener } from './watch.ts';

const POSITION = { since: '0-0', read: {} };
const NOTHING: Happened = { position: POSITION, jobIds: [], changes: [] };

/** A cache in which what the test says happens, watched by a clock that the test moves. */
class Bench {
  readonly watch: Watch;
  readonly known = new Map<string, FoundFill>();
  next: Happened | ParqueueError = NOTHING;
  looks = 0;
  readonly lookedUp: string[] = [];
  #wake: () => void = () => undefined;
  #sleeping = false;

  constructor() {
    const activity = {
      start: () => Promise.resolve(POSITION),
      since: () => {
        const { next } = this;
        this.next = NOTHING;
        this.looks += 1;
        return next instanceof ParqueueError ? Promise.reject(next) : Promise.resolve(next);
      },
    };
    const live = { coordination: { activity } } as unknown as Live;
    const clock: Clock = {
      now: () => 0,
      sleep: (_ms, signal) =>
        new Promise((resolve, reject) => {
          this.#sleeping = true;
          this.#wake = resolve;
          const onAbort = (): void => {
            this.#sleeping = false;
            reject(new Error('aborted'));
          };
          signal?.addEventListener('abort', onAbort, { once: true });
        }),
    };
    this.watch = new Watch({
      link: { run: (work) => work(live) },
      clock,
      lookUp: (id) => {
        this.lookedUp.push(id);
        return Promise.resolve(this.known.get(id) ?? null);
      },
    });
  }

  /** One look, at what was said to happen. */
  async look(happens: readonly string[] | ParqueueError = []): Promise<void> {
    this.next = happens instanceof ParqueueError ? happens : { ...NOTHING, jobIds: happens };
    const { looks } = this;
    while (!this.#sleeping) await turn();
    this.#sleeping = false;
    this.#wake();
    while (this.looks === looks) await turn();
    await turn();
  }

  listener(follows: string | null): Listener & { readonly told: (string | null)[]; readonly lost: Failure[] } {
    const told: (string | null)[] = [];
    const lost: Failure[] = [];
    const name = (id: string, found: FoundFill | null): void => void told.push(found === null ? `${id} gone` : id);
    return {
      follows,
      told,
      lost,
      onFill: name,
      onHead: () => undefined,
      onLook: () => undefined,
      onLost: (failure) => void lost.push(failure),
    };
  }
}

const FOUND = { job: null, view: {} } as unknown as FoundFill;

test('however many listen, Redis is asked once, and a job is looked at once and only where somebody wants it', async () => {
  const bench = new Bench();
  for (const id of ['a', 'b', 'c']) bench.known.set(id, FOUND);
  const listeners = Array.from({ length: 30 }, () => bench.listener('a'));
  for (const listener of listeners) await bench.watch.listen(listener);
  await bench.look();
  await bench.look(['a', 'b']);
  expect(bench.looks).toBe(3);
  expect(bench.lookedUp).toEqual(['a']);
  expect(listeners.every(({ told }) => told.length === 1)).toBe(true);
  const all = bench.listener(null);
  await bench.watch.listen(all);
  await bench.look(['b', 'c']);
  expect(all.told).toEqual(['b', 'c']);
  expect(bench.lookedUp).toEqual(['a', 'b', 'c']);
});

test('nothing is asked while nobody listens, and who comes later starts it anew', async () => {
  const bench = new Bench();
  const leave = await bench.watch.listen(bench.listener(null));
  await bench.look();
  leave();
  for (let turns = 0; turns < 10; turns += 1) await turn();
  const { looks } = bench;
  const later = bench.listener(null);
  await bench.watch.listen(later);
  bench.known.set('a', FOUND);
  await bench.look(['a']);
  expect(bench.looks).toBeGreaterThan(looks);
  expect(later.told).toEqual(['a']);
});

test('a job that is not there is told to be gone when it is still not there a look later', async () => {
  const bench = new Bench();
  const listener = bench.listener('a');
  await bench.watch.listen(listener);
  await bench.look(['a']);
  expect(listener.told).toEqual([]);
  bench.known.set('a', FOUND);
  await bench.look();
  expect(listener.told).toEqual(['a']);
  bench.known.delete('a');
  await bench.look(['a']);
  await bench.look();
  expect(listener.told).toEqual(['a', 'a gone']);
});

test('what is followed is looked at now and then, though nothing was heard of it', async () => {
  const bench = new Bench();
  const listener = bench.listener('a');
  await bench.watch.listen(listener);
  bench.known.set('a', FOUND);
  for (let looks = 0; looks < 16; looks += 1) await bench.look();
  expect(listener.told).toEqual(['a']);
});

test('who could only be told ever later what happens is told to start anew', async () => {
  const bench = new Bench();
  const [all, one] = [bench.listener(null), bench.listener('job-1')];
  for (const listener of [all, one]) await bench.watch.listen(listener);
  const jobs = Array.from({ length: 5_001 }, (_, at) => `job-${at}`);
  await bench.look(jobs.slice(1));
  expect([all, one].flatMap(({ lost }) => lost)).toEqual([]);
  await bench.look(jobs);
  expect([all, one].flatMap(({ lost }) => lost.map(({ code }) => code))).toEqual([
    'PQ_RATE_LIMITED',
    'PQ_RATE_LIMITED',
  ]);
});

test('a look that fails ends all with the reason, and the next who comes is told of what happens again', async () => {
  const bench = new Bench();
  const listeners = [bench.listener(null), bench.listener('a')];
  for (const listener of listeners) await bench.watch.listen(listener);
  await bench.look(new ParqueueError('PQ_COORDINATION_DOWN', 'away'));
  expect(listeners.map(({ lost }) => lost.map(({ code }) => code))).toEqual([
    ['PQ_COORDINATION_DOWN'],
    ['PQ_COORDINATION_DOWN'],
  ]);
  const next = bench.listener(null);
  bench.known.set('a', FOUND);
  await bench.watch.listen(next);
  await bench.look(['a']);
  expect(next.told).toEqual(['a']);
});
