/** Heartbeats of processes and the last run of each chore, for people who ask what runs. */
import type { RedisGate } from './gate.ts';
import { KEYS } from './keys.ts';
import type { ChoreRecord, Processes, ProcessRecord } from '../ports/processes.ts';

export function redisProcesses(gate: RedisGate): Processes {
  return {
    nowMs: () => gate.plain(async (redis) => await nowOf(redis)),
    tell: (record, forMs) =>
      gate.plain(async (redis) => {
        await redis
          .multi()
          .set(KEYS.process(record.id), JSON.stringify(record), 'PX', forMs)
          .sadd(KEYS.processes, record.id)
          .exec();
      }),
    leave: (id) =>
      gate.plain(async (redis) => {
        await redis.multi().del(KEYS.process(id)).srem(KEYS.processes, id).exec();
      }),
    list: () =>
      gate.plain(async (redis) => {
        const ids = await redis.smembers(KEYS.processes);
        if (ids.length === 0) return [];
        const texts = await redis.mget(ids.map((id) => KEYS.process(id)));
        // One that lives and is taken out here comes back with its next beat.
        const gone = ids.filter((_, at) => texts[at] === null);
        if (gone.length > 0) await redis.srem(KEYS.processes, ...gone);
        return texts
          .flatMap((text) => (text == null ? [] : [JSON.parse(text) as ProcessRecord]))
          .toSorted((a, b) => sortName(a).localeCompare(sortName(b)));
      }),
    noteChore: (chore, record) =>
      gate.plain(async (redis) => {
        const finishedAtMs = await nowOf(redis);
        await redis.hset(KEYS.chores, chore, JSON.stringify({ ...record, finishedAtMs }));
      }),
    chores: () =>
      gate.plain(async (redis) =>
        Object.fromEntries(
          Object.entries(await redis.hgetall(KEYS.chores)).map(([chore, text]) => [
            chore,
            // Written by `noteChore` alone.
            JSON.parse(text) as ChoreRecord,
          ]),
        ),
      ),
  };
}

async function nowOf(redis: { time(): Promise<(number | string)[]> }): Promise<number> {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}

function sortName({ role, host, startedAtMs, id }: ProcessRecord): string {
  return `${role} ${host} ${startedAtMs} ${id}`;
}
