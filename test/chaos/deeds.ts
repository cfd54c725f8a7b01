/**
 * What was done to the cluster, and when; and which refusals each kind of deed explains. A refusal that no deed under way
 * explains is a finding, so this table is as short as it can be.
 */
export const DEED_KINDS = [
  'worker killed',
  'worker stopped',
  'API killed',
  'API stopped',
  'Redis killed',
  'Redis lost its last second',
  'Redis emptied',
  'Redis paused',
  'part flipped',
  'part cut',
  'manifest flipped',
  'manifest cut',
  'head.json flipped',
  'head.json cut',
  'quota filled',
  'Postgres down',
  'Oracle down',
  'Oracle stopped',
  'files away',
  'collection',
  'marked soft',
  'marked hard',
  'purged',
] as const;
export type DeedKind = (typeof DEED_KINDS)[number];

export interface Deed {
  readonly kind: DeedKind;
  /** Whom it struck, for people: `worker 2`, `lake`. */
  readonly target: string;
  readonly beganMs: number;
  /** When what it broke worked again, as a strict ask proved; null while it does not. */
  endedMs: number | null;
}

/** What a caller was refused with: a code, or what became of the connection. */
export type Refusal = string;

/** Of a process that is gone, or stands still for longer than a caller waits. */
const CONNECTION: readonly Refusal[] = ['ECONNREFUSED', 'ECONNRESET', 'broken'];
/** A caller's wait is over, on a route that waits and on one that does not; or a job was given up. */
const WAITED: readonly Refusal[] = ['PQ_SOURCE_UNAVAILABLE', 'PQ_WORKER_CRASHED'];
const REDIS: readonly Refusal[] = ['PQ_COORDINATION_DOWN', ...WAITED];

interface Explanation {
  readonly codes: readonly Refusal[];
  /** Only asks of this source, or to this process: where the deed's target has this name. */
  readonly only?: 'source' | 'api';
}

const EXPLAINED: Readonly<Record<DeedKind, Explanation>> = {
  'worker killed': { codes: WAITED },
  'worker stopped': { codes: WAITED },
  'API killed': { codes: CONNECTION, only: 'api' },
  'API stopped': { codes: ['PQ_COORDINATION_DOWN'], only: 'api' },
  'Redis killed': { codes: REDIS },
  'Redis lost its last second': { codes: REDIS },
  'Redis emptied': { codes: REDIS },
  'Redis paused': { codes: REDIS },
  'part flipped': { codes: [] },
  'part cut': { codes: [] },
  'manifest flipped': { codes: [] },
  'manifest cut': { codes: [] },
  'head.json flipped': { codes: [] },
  'head.json cut': { codes: [] },
  'quota filled': { codes: ['PQ_STORE_FULL'] },
  'Postgres down': { codes: ['PQ_SOURCE_UNAVAILABLE'], only: 'source' },
  'Oracle down': { codes: ['PQ_SOURCE_UNAVAILABLE'], only: 'source' },
  'Oracle stopped': { codes: ['PQ_SOURCE_UNAVAILABLE'], only: 'source' },
  'files away': { codes: ['PQ_SOURCE_UNAVAILABLE', 'PQ_NOT_FOUND'], only: 'source' },
  collection: { codes: [] },
  'marked soft': { codes: [] },
  'marked hard': { codes: [] },
  // A purge ends the loads there are, and those who waited for them hear it.
  purged: { codes: ['PQ_CANCELLED'] },
};

/** While these are under way an answer may be made without Redis. */
const REDIS_AWAY: ReadonlySet<DeedKind> = new Set<DeedKind>([
  'Redis killed',
  'Redis lost its last second',
  'Redis emptied',
  'Redis paused',
  'API stopped',
]);

/** An ask, as far as its explanation goes: by whom, of what, from when to when. */
export interface Asked {
  readonly api: string;
  readonly source: string;
  readonly askedMs: number;
  readonly answeredMs: number;
}

export class Deeds {
  readonly all: Deed[] = [];
  /** Long ended ones are looked through no more: asks do not last that long. */
  #live: Deed[] = [];

  begin(kind: DeedKind, target: string, beganMs: number): Deed {
    const deed: Deed = { kind, target, beganMs, endedMs: null };
    this.all.push(deed);
    this.#live = this.#live.filter(({ endedMs }) => endedMs === null || endedMs > beganMs - 300_000);
    this.#live.push(deed);
    return deed;
  }

  explains(refusal: Refusal, asked: Asked): boolean {
    return this.#during(asked).some(({ kind, target }) => {
      const { codes, only } = EXPLAINED[kind];
      return codes.includes(refusal) && (only === undefined || asked[only] === target);
    });
  }

  /** Something was under way for which a source, a worker or the store may have failed a load of this source. */
  explainStaleness(asked: Asked): boolean {
    return [...WAITED, 'PQ_STORE_FULL'].some((code) => this.explains(code, asked));
  }

  redisWasAway(asked: Asked): boolean {
    return this.#during(asked).some(
      ({ kind, target }) => REDIS_AWAY.has(kind) && (kind !== 'API stopped' || target === asked.api),
    );
  }

  #during({ askedMs, answeredMs }: Asked): readonly Deed[] {
    return this.#live.filter(
      ({ beganMs, endedMs }) => beganMs <= answeredMs && (endedMs === null || endedMs >= askedMs),
    );
  }
}
