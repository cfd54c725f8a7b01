/**
 * Decides of each answer whether it may be: by the source's true history, by what the caller's policy allows, by the marks
 * that were acknowledged before it was asked, and by what the same generation said before. Knows nothing of processes or
 * HTTP, so that it can be tested with false histories.
 *
 *   torn           rows of several versions, or not all of them, or bytes that are not those of the ETag
 *   misattributed  rows of another question, one key for two questions, or two keys for one
 *   stale          older than the policy allows, or than the answer's own Age
 *   future         of a version that nobody had begun to write
 *   forbidden      what a mark called wrong before the caller asked
 *   changed        other bytes under a generation or an ETag that was read before
 *   unexplained    a refusal, or an answer for want of something, while nothing was broken
 *   duplicate      more loads than versions and reasons to load again (loads.ts)
 *   left           what did not heal (aftermath.ts)
 */
import type { Deeds } from './deeds.ts';
import { GRACE_MS, type Question, type SourceName } from './questions.ts';
import type { Found, History } from './truth.ts';

export type Reason =
  | 'torn'
  | 'misattributed'
  | 'stale'
  | 'future'
  | 'forbidden'
  | 'changed'
  | 'unexplained'
  | 'duplicate'
  | 'left';

export interface Finding {
  readonly reason: Reason;
  readonly message: string;
}

/** What a caller would have taken. */
export interface Wish {
  readonly maxAgeMs: number;
  readonly whileRevalidateMs: number;
  readonly ifErrorMs: number;
  /** How old altogether while Redis is away; 0: not at all. */
  readonly degradedMs: number;
}

interface Asked {
  readonly api: string;
  readonly question: Question;
  readonly askedMs: number;
  readonly answeredMs: number;
}

export interface Answered extends Asked {
  /** Null: of one generation, by its own address, whatever its age. */
  readonly wish: Wish | null;
  readonly key: string;
  readonly generation: number;
  /** Format and coding: the same generation has the same bytes in each. */
  readonly form: string;
  readonly digest: string;
  /** The digest that the answer itself promises; null where the form promises none. */
  readonly promised: string | null;
  /** Its ETag, where it came with one: wherever else it is met there are the same bytes. */
  readonly tag: string | null;
  /** What the rows say. */
  readonly found: Found;
  /** In whole seconds, as told; null: not told. */
  readonly age: number | null;
  readonly stale: 'no' | 'staleWhileRevalidate' | 'staleIfError' | 'coordination-down';
}

/** A generation whose own address says that it is no more. */
export interface Gone extends Asked {
  readonly key: string;
  readonly generation: number;
  /** A moment at which it still was what its question is answered with. */
  readonly currentMs: number;
}

export interface Refused extends Asked {
  /** Asked for by its own address: a generation that was read before. */
  readonly isOfGeneration?: boolean;
  readonly code: string;
  /** For people. */
  readonly detail: string;
}

export interface Mark {
  readonly mode: 'soft' | 'hard' | 'purge';
  readonly concerns: (question: Question) => boolean;
  /** Before it was sent, and after it was acknowledged. */
  readonly sentMs: number;
  readonly ackedMs: number;
}

interface Floor {
  readonly ackedMs: number;
  readonly version: number;
  readonly generation: number;
}

/** What is known of a question. Floors only rise, so the latest that was acknowledged before an ask is the highest. */
interface Known {
  newest: number;
  readonly soft: Floor[];
  readonly hard: Floor[];
  readonly purge: Floor[];
}

interface Bytes {
  readonly digest: string;
  readonly version: number;
}

/** A part that is changed between its check and its reading goes out as it is: nobody can tell, but the digest. */
export interface Damage {
  readonly key: string;
  readonly generation: number;
  readonly beganMs: number;
  /** Infinity until it is done. */
  endedMs: number;
}

/** docs/file-sources.md: a file that changes while it is read. */
const TRIES_OF_A_FILE = 3;
/** Rounding, and what two clocks of one host run apart within the seconds of a policy. */
const CLOCK_SLACK_MS = 100;

export class Judge {
  readonly #histories: Readonly<Record<SourceName, History>>;
  readonly #deeds: Deeds;
  readonly #known = new Map<string, Known>();
  readonly #questionOf = new Map<string, string>();
  readonly #keyOf = new Map<string, string>();
  readonly #digestOf = new Map<string, string>();
  readonly #bytes = new Map<string, Bytes>();
  readonly #damages: Damage[] = [];
  /** By generation: when somebody asked last who was answered with it as with what is there now. */
  readonly #currentMs = new Map<string, number>();
  /** By question: refusals because its source changed faster than it could be read. */
  readonly unstable = new Map<string, number>();
  /** Answers whose bytes were damaged while they were sent; their digest said so. */
  damagedOnTheWay = 0;

  constructor(histories: Readonly<Record<SourceName, History>>, deeds: Deeds) {
    this.#histories = histories;
    this.#deeds = deeds;
  }

  /** Generations and forms whose bytes it would know again. */
  get remembered(): number {
    return this.#bytes.size;
  }

  damaged(damage: Damage): void {
    this.#damages.push(damage);
  }

  /** What is known of generations when a mark is sent: whatever was answered before is older than it. */
  newestOf(question: Question): number {
    return this.#of(question).newest;
  }

  marked(mark: Mark, newestWhenSent: ReadonlyMap<string, number>, questions: readonly Question[]): void {
    for (const question of questions.filter(mark.concerns)) {
      const known = this.#of(question);
      const floor = {
        ackedMs: mark.ackedMs,
        version: this.#histories[question.source].completedAt(mark.sentMs),
        generation: newestWhenSent.get(question.name) ?? 0,
      };
      raise(known.soft, floor);
      if (mark.mode !== 'soft') raise(known.hard, floor);
      if (mark.mode === 'purge') raise(known.purge, floor);
    }
  }

  refused(refused: Refused): readonly Finding[] {
    const { api, question, askedMs, answeredMs, code, detail } = refused;
    if (this.#deeds.explains(code, refused)) return [];
    const isOfGeneration = refused.isOfGeneration === true;
    if (!isOfGeneration && code === 'PQ_SOURCE_UNSTABLE' && this.#changedTooFast(question, askedMs, answeredMs)) {
      this.unstable.set(question.name, (this.unstable.get(question.name) ?? 0) + 1);
      return [];
    }
    return [finding('unexplained', { question, api }, `was refused with ${code}, and no deed explains it (${detail})`)];
  }

  /** What was replaced stays for its grace, unless it was purged or damaged. */
  gone({ api, question, askedMs, answeredMs, key, generation, currentMs }: Gone): readonly Finding[] {
    const sinceMs = Math.max(currentMs, this.#currentMs.get(`${key} ${generation}`) ?? 0);
    if (answeredMs >= sinceMs + GRACE_MS - CLOCK_SLACK_MS) return [];
    const purged = lastBefore(this.#of(question).purge, answeredMs)?.generation ?? 0;
    const wasDamaged = this.#damages.some((damage) => damage.key === key && damage.generation === generation);
    if (generation <= purged || wasDamaged) return [];
    if (this.#deeds.explains('PQ_GONE', { api, question, askedMs, answeredMs })) return [];
    const ms = Math.round(answeredMs - sinceMs);
    return [finding('unexplained', { question, api }, `g${generation} is gone ${ms} ms after it was answered with`)];
  }

  /** Under each of the tries to read it. The load that an ask joined may have begun as long before it as it lasted. */
  #changedTooFast({ source }: Question, askedMs: number, answeredMs: number): boolean {
    const history = this.#histories[source];
    return history.begunAt(answeredMs) - history.completedAt(2 * askedMs - answeredMs) >= TRIES_OF_A_FILE;
  }

  answered(read: Answered): readonly Finding[] {
    const { question, key, generation, digest, promised } = read;
    const of = `${key} g${generation}`;
    if (promised !== null && promised !== digest) {
      if (this.#wasDamaged(read)) {
        this.damagedOnTheWay += 1;
        return [];
      }
      return [finding('torn', read, `${of}: bytes with digest ${digest} under ${promised}`)];
    }
    const name = `${key} ${generation} ${read.form}`;
    const before = this.#bytes.get(name);
    if (before !== undefined && before.digest !== digest)
      return [finding('changed', read, `${of} was ${before.digest} and is ${digest} (${read.form})`)];
    const tagged = `${read.form} ${read.tag}`;
    if (read.tag !== null && (this.#digestOf.get(tagged) ?? digest) !== digest)
      return [finding('changed', read, `${of}: other bytes were answered under ${read.tag} (${read.form})`)];
    const owner = this.#questionOf.get(key) ?? question.name;
    if (owner !== question.name) return [finding('misattributed', read, `${key} answered ${owner} as well`)];
    if ((this.#keyOf.get(question.name) ?? key) !== key || !Number.isSafeInteger(generation))
      return [finding('misattributed', read, `answered as ${of}, and before as ${this.#keyOf.get(question.name)}`)];
    const { found } = read;
    if (found.wrong !== null) return [finding('torn', read, `${of}: ${found.wrong}`)];
    if (found.owner !== question.owner) return [finding('misattributed', read, `${of}: rows of ${found.owner}`)];
    const { version } = found;
    this.#bytes.set(name, { digest, version });
    this.#questionOf.set(key, question.name);
    this.#keyOf.set(question.name, key);
    if (read.tag !== null) this.#digestOf.set(tagged, digest);
    // Without Redis nobody knows what is the head.
    if (read.wish !== null && read.stale !== 'coordination-down')
      this.#wasCurrent(`${key} ${generation}`, read.askedMs);
    const known = this.#of(question);
    known.newest = Math.max(known.newest, generation);
    return [...this.#versions(read, generation, version), ...this.#times(read, version), ...this.#reasons(read)];
  }

  /** One generation has one version, in each of its forms; and what a mark forbids is not answered. */
  #versions(read: Answered, generation: number, version: number): readonly Finding[] {
    const { question, askedMs, wish, stale } = read;
    const other = ['parquet', 'arrow', 'csv', 'json']
      .map((form) => this.#bytes.get(`${read.key} ${generation} ${form}`)?.version ?? version)
      .find((known) => known !== version);
    if (other !== undefined)
      return [finding('changed', read, `g${generation} has version ${version}, and ${other} in another form`)];
    const known = this.#of(question);
    const named = wish === null ? 'purge' : 'hard';
    const floor = lastBefore(known[named], askedMs);
    if (floor !== null && generation <= floor.generation)
      return [finding('forbidden', read, `g${generation}, though g${floor.generation} was marked (${named}) before`)];
    if (wish === null) return [];
    if (floor !== null && version < floor.version)
      return [finding('forbidden', read, `version ${version}, though ${floor.version} was there when it was marked`)];
    const soft = lastBefore(known.soft, askedMs);
    if (soft !== null && stale === 'no' && version < soft.version)
      return [
        finding(
          'forbidden',
          read,
          `version ${version} unverified, though ${soft.version} was there when it was marked soft`,
        ),
      ];
    return [];
  }

  #times(read: Answered, version: number): readonly Finding[] {
    const { question, wish, askedMs, answeredMs, age, stale } = read;
    const history = this.#histories[question.source];
    if (version > history.begunAt(answeredMs))
      return [finding('future', read, `version ${version}, which nobody wrote yet`)];
    if (wish === null) return [];
    const { maxAgeMs, whileRevalidateMs, ifErrorMs, degradedMs } = wish;
    const allowedMs = {
      no: maxAgeMs,
      staleWhileRevalidate: whileRevalidateMs === 0 ? null : maxAgeMs + whileRevalidateMs,
      staleIfError: ifErrorMs === 0 ? null : maxAgeMs + ifErrorMs,
      'coordination-down': degradedMs === 0 ? null : degradedMs,
    }[stale];
    if (allowedMs === null) return [finding('stale', read, `answered for ${stale}, which its policy does not allow`)];
    const due = history.completedAt(askedMs - allowedMs - (allowedMs === 0 ? 0 : CLOCK_SLACK_MS));
    if (version < due)
      return [
        finding(
          'stale',
          read,
          `version ${version}, though ${due} was there ${allowedMs} ms before it asked (${stale})`,
        ),
      ];
    if (age === null) return [finding('stale', read, 'an answer without Age')];
    const told = history.completedAt(askedMs - (age + 1) * 1000 - CLOCK_SLACK_MS);
    return version < told
      ? [finding('stale', read, `version ${version} at Age ${age}, though ${told} was there then`)]
      : [];
  }

  /** An answer that makes do says why, and there was a reason. */
  #reasons(read: Answered): readonly Finding[] {
    const { stale } = read;
    if (stale === 'coordination-down' && !this.#deeds.redisWasAway(read))
      return [finding('unexplained', read, 'answered without Redis, and nothing happened to it')];
    if (stale === 'staleIfError' && !this.#deeds.explainStaleness(read))
      return [finding('unexplained', read, 'answered with older rows as after an error, and nothing was broken')];
    return [];
  }

  #wasDamaged({ key, generation, askedMs, answeredMs }: Answered): boolean {
    return this.#damages.some(
      (damage) =>
        damage.key === key
        && damage.generation === generation
        && damage.beganMs <= answeredMs
        && damage.endedMs >= askedMs,
    );
  }

  #wasCurrent(of: string, askedMs: number): void {
    this.#currentMs.set(of, Math.max(askedMs, this.#currentMs.get(of) ?? 0));
  }

  #of({ name }: Question): Known {
    const known = this.#known.get(name) ?? { newest: 0, soft: [], hard: [], purge: [] };
    this.#known.set(name, known);
    return known;
  }
}

/** Acknowledged in another order than sent, marks are kept in that of their acknowledgement, each with what holds by then. */
function raise(floors: Floor[], { ackedMs, version, generation }: Floor): void {
  const last = floors.at(-1) ?? { ackedMs: 0, version: 0, generation: 0 };
  floors.push({
    ackedMs: Math.max(ackedMs, last.ackedMs),
    version: Math.max(version, last.version),
    generation: Math.max(generation, last.generation),
  });
}

function lastBefore(floors: readonly Floor[], askedMs: number): Floor | null {
  return floors.findLast(({ ackedMs }) => ackedMs < askedMs) ?? null;
}

function finding(reason: Reason, { question, api }: Pick<Asked, 'question' | 'api'>, message: string): Finding {
  return { reason, message: `${question.name} by ${api}: ${message}` };
}
