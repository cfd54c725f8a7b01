/**
 * What was done to the cluster, when, and to whom; and which refusals each kind of deed explains to those whom it concerns.
 * A refusal that no deed under way explains is a finding, so this table is as short as it can be.
 */
import type { Question } from './questions.ts';

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
  /** The only process whose callers notice it; null: any may. */
  readonly api: string | null;
  /** Whether callers with this question may notice it. */
  readonly concerns: (question: Question) => boolean;
  readonly beganMs: number;
  /** How often it struck: what is refused is done again, and may have happened the first time. */
  strikes: number;
  /** When what it broke worked again, as strict asks of those whom it concerns proved; null while it does not. */
  endedMs: number | null;
}

/** Nothing said: all questions, by all processes. */
export type Struck = Pick<Deed, 'target'> & Partial<Pick<Deed, 'api' | 'concerns'>>;

/** What a caller was refused with: a code, or what became of the connection. */
export type Refusal = string;

/** Of a process that is gone, or stands still for longer than a caller waits. */
const CONNECTION: readonly Refusal[] = ['ECONNREFUSED', 'ECONNRESET', 'broken'];
/** A job was given up. Callers wait for longer than it takes to run it again: their patience explains nothing. */
const GIVEN_UP: readonly Refusal[] = ['PQ_WORKER_CRASHED'];
const REDIS: readonly Refusal[] = ['PQ_COORDINATION_DOWN', ...GIVEN_UP];
/** After these an older answer may be given, where the policy allows it. */
const STALE_IF_ERROR: readonly Refusal[] = ['PQ_SOURCE_UNAVAILABLE', 'PQ_STORE_FULL', ...GIVEN_UP];

const EXPLAINED: Readonly<Record<DeedKind, readonly Refusal[]>> = {
  'worker killed': GIVEN_UP,
  'worker stopped': GIVEN_UP,
  'API killed': CONNECTION,
  'API stopped': ['PQ_COORDINATION_DOWN'],
  'Redis killed': REDIS,
  'Redis lost its last second': REDIS,
  'Redis emptied': REDIS,
  'Redis paused': REDIS,
  'part flipped': [],
  'part cut': [],
  'manifest flipped': [],
  'manifest cut': [],
  'head.json flipped': [],
  'head.json cut': [],
  // What nobody reads makes room.
  'quota filled': ['PQ_STORE_FULL', 'PQ_GONE'],
  'Postgres down': ['PQ_SOURCE_UNAVAILABLE'],
  'Oracle down': ['PQ_SOURCE_UNAVAILABLE'],
  'Oracle stopped': ['PQ_SOURCE_UNAVAILABLE'],
  'files away': ['PQ_SOURCE_UNAVAILABLE', 'PQ_NOT_FOUND'],
  collection: [],
  'marked soft': [],
  'marked hard': [],
  // A purge ends the loads there are, and those who waited for them hear it.
  purged: ['PQ_CANCELLED', 'PQ_GONE'],
};

/** What was read before needs no source, no worker and no room: at its own address only these keep it from its callers. */
const KEEPS_FROM_READING: ReadonlySet<Refusal> = new Set(['PQ_COORDINATION_DOWN', ...CONNECTION]);

/** After these a load may have left what it reserved: it is gone, or had no Redis to give it back to. */
export const TAKES_THE_LEAVING: ReadonlySet<DeedKind> = new Set<DeedKind>([
  'worker killed',
  'worker stopped',
  'Redis killed',
  'Redis lost its last second',
  'Redis emptied',
  'Redis paused',
]);

/** While these are under way an answer may be made without Redis. */
const REDIS_AWAY: ReadonlySet<DeedKind> = new Set<DeedKind>([
  'Redis killed',
  'Redis lost its last second',
  'Redis emptied',
  'Redis paused',
  'API stopped',
]);

/** Nobody's deed: Redis, or an API process, was there, and was kept from running for so long (pulse.ts). */
export interface Stall {
  /** Null: Redis, for everybody. */
  readonly api: string | null;
  readonly beganMs: number;
  readonly endedMs: number;
}

/** An ask, as far as its explanation goes: by whom, of what, from when to when. */
export interface Asked {
  readonly api: string;
  readonly question: Question;
  readonly askedMs: number;
  readonly answeredMs: number;
  /** Asked for by its own address: a generation that was read before. */
  readonly isOfGeneration?: boolean;
}

export class Deeds {
  readonly all: Deed[] = [];
  /** Refusals, by code and by the deeds that explain them: one that only one deed explains says more. */
  readonly explained = new Map<Refusal, Map<DeedKind | 'several' | 'stall', number>>();
  readonly stalls: Stall[] = [];
  /** Beats of a pulse that took as long although nobody kept their process from running: they explain nothing. */
  slowByThemselves = 0;
  /** Long ended ones are looked through no more: asks do not last that long. */
  #live: Deed[] = [];

  begin(kind: DeedKind, { target, api = null, concerns = () => true }: Struck, beganMs: number): Deed {
    const deed: Deed = { kind, target, api, concerns, beganMs, strikes: 1, endedMs: null };
    this.all.push(deed);
    this.#live = this.#live.filter(({ endedMs }) => endedMs === null || endedMs > beganMs - 300_000);
    this.#live.push(deed);
    return deed;
  }

  /** When the last load may have been cut off without giving back what it had; 0: none was. */
  get cutOffMs(): number {
    const ends = this.all.filter(({ kind }) => TAKES_THE_LEAVING.has(kind)).map(({ endedMs }) => endedMs ?? Infinity);
    return Math.max(0, ...ends);
  }

  explains(refusal: Refusal, asked: Asked): boolean {
    if (asked.isOfGeneration === true && !KEEPS_FROM_READING.has(refusal)) return false;
    const kinds = new Set(
      this.#during(asked)
        .filter(({ kind }) => EXPLAINED[kind].includes(refusal))
        .map(({ kind }) => kind),
    );
    const stalled = refusal === 'PQ_COORDINATION_DOWN' && this.#stalled(asked);
    if (kinds.size === 0 && !stalled) return false;
    const by = kinds.size > 1 ? 'several' : ([...kinds][0] ?? 'stall');
    const counts = this.explained.get(refusal) ?? new Map<DeedKind | 'several' | 'stall', number>();
    this.explained.set(refusal, counts.set(by, (counts.get(by) ?? 0) + 1));
    return true;
  }

  /** Something was under way for which a source, a worker or the store may have failed a load of this question. */
  explainStaleness(asked: Asked): boolean {
    return this.#during(asked).some(({ kind }) => STALE_IF_ERROR.some((code) => EXPLAINED[kind].includes(code)));
  }

  redisWasAway(asked: Asked): boolean {
    return this.#during(asked).some(({ kind }) => REDIS_AWAY.has(kind)) || this.#stalled(asked);
  }

  #stalled({ api, askedMs, answeredMs }: Asked): boolean {
    return this.stalls.some(
      (stall) => stall.beganMs <= answeredMs && stall.endedMs >= askedMs && (stall.api === null || stall.api === api),
    );
  }

  #during({ api, question, askedMs, answeredMs }: Asked): readonly Deed[] {
    return this.#live.filter(
      (deed) =>
        deed.beganMs <= answeredMs
        && (deed.endedMs === null || deed.endedMs >= askedMs)
        && (deed.api === null || deed.api === api)
        && deed.concerns(question),
    );
  }
}
