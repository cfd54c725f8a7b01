/**
 * Brings a store of an older format up to this release's, in place, one step after the other (ADR 0034). Any process
 * that opens the store may do it; the others wait.
 *
 *   claimed   `migration-<to>/<n>/` made exclusively; the highest n works, whoever holds a lower one stops
 *   working   shard after shard; after each, `progress.json` in the claim tells the shard that is done
 *   switched  `parqueue.json` is replaced: from now on the store is of the new format; the claims go to trash, by the next
 *             to open the store where their holder died just then
 *
 * A holder that dies leaves progress that does not move. Who waited long enough claims n + 1 and goes on behind the
 * last shard told. One that only slept finds the higher claim after its shard and stops; what it did twice was harmless,
 * and so was an identity it put back to the older format: the next to open the store repeats the step.
 */
import * as z from 'zod';
import { isCacheKey, SHARDS, shardOf } from '../model/cache-key.ts';
import type { Disk } from './disk.ts';
import { encodeIdentity, readIdentity, type StoreIdentity } from './format.ts';
import { ENTRIES, IDENTITY_FILE, shardDirectory, TRASH } from './layout.ts';
import { isMissing } from './refusals.ts';

export interface Migration {
  /** The format it leads to, from the one before. */
  readonly to: number;
  /** What a release must understand to use the store afterwards; below `to` where releases of before may go on. */
  readonly needs: number;
  /** For the log. */
  readonly what: string;
  /** Changes one key's files; see migrations.ts for what it must keep to. @returns whether anything had to be. */
  readonly migrateKey: (disk: Disk, key: string) => Promise<boolean>;
}

export interface MigrationProgress {
  readonly to: number;
  readonly what: string;
  readonly state: 'working' | 'waiting' | 'done';
  readonly shardsDone: number;
  readonly shards: number;
  /** Keys changed by this process. */
  readonly changed: number;
}

export interface MigrateOptions {
  readonly disk: Disk;
  readonly migrations: readonly Migration[];
  readonly from: StoreIdentity;
  readonly onProgress: (progress: MigrationProgress) => void;
  readonly sleep: (ms: number) => Promise<void>;
  /** Monotonic: progress is told from time to time. */
  readonly now: () => number;
}

const LOOK_EVERY_MS = 1000;
/** Looks at progress that does not move before its holder is called dead. */
const LOOKS_BEFORE_TAKE_OVER = 60;
/** Progress is told at least so often: as many files are replaced in seconds even on a slow filesystem. */
const KEYS_PER_BEAT = 100;
/** And so often where shards hold nothing: telling costs more than looking there. */
const SHARDS_PER_BEAT = 16;

/** Each is a line of a log: enough for who watches, and not too many for who reads them afterwards. */
const TELL_EVERY_MS = 5000;

const progressSchema = z.object({ done: z.string(), beats: z.number() });

/** @throws ParqueueError PQ_STORE_IO, PQ_STORE_FULL; the next to open the store goes on from there */
export async function migrateStore(options: MigrateOptions): Promise<void> {
  const newest = newestOf(options.migrations);
  for (const migration of options.migrations.toSorted((a, b) => a.to - b.to)) {
    const now = (await readIdentity(options.disk, newest)) ?? options.from;
    if (now.storeFormat >= migration.to) continue;
    await new Step(migration, options).run();
  }
}

/** What holders left who died right after the switch. A store's own format is behind it; later ones are left alone. */
export async function sweepClaims(disk: Disk, { storeFormat }: StoreIdentity): Promise<void> {
  const present = new Set(await disk.glance(''));
  for (let to = 2; to <= storeFormat; to += 1) {
    if (present.has(placeOf(to))) await discardClaims(disk, placeOf(to));
  }
}

async function discardClaims(disk: Disk, place: string): Promise<void> {
  try {
    await disk.rename(place, `${TRASH}/${place}.${disk.randomId()}`);
  } catch (error) {
    // Somebody who was declared dead has just done the same.
    if (!(error instanceof Error && isMissing(error.cause))) throw error;
  }
}

function placeOf(to: number): string {
  return `migration-${to}`;
}

function newestOf(migrations: readonly Migration[]): number {
  return Math.max(...migrations.map(({ to }) => to));
}

class Step {
  readonly #migration: Migration;
  readonly #options: MigrateOptions;
  readonly #place: string;
  #changed = 0;
  #told: { readonly state: MigrationProgress['state'] | null; readonly atMs: number } = { state: null, atMs: 0 };
  #beats = 0;

  constructor(migration: Migration, options: MigrateOptions) {
    this.#migration = migration;
    this.#options = options;
    this.#place = placeOf(migration.to);
  }

  async run(): Promise<void> {
    const { disk, sleep } = this.#options;
    await disk.makeDirectory(this.#place);
    let unmoved = 0;
    let seen = '';
    while (!(await this.#isSwitched())) {
      const claims = await this.#claims();
      const latest = claims.at(-1) ?? 0;
      const text = latest === 0 ? '' : ((await disk.readText(this.#progressFile(latest))) ?? '');
      unmoved = `${latest}:${text}` === seen ? unmoved + 1 : 0;
      seen = `${latest}:${text}`;
      if (latest === 0 || unmoved >= LOOKS_BEFORE_TAKE_OVER) {
        if (await disk.makeDirectory(`${this.#place}/${latest + 1}`)) await this.#work(latest + 1, doneOf(text));
      } else {
        this.#tell('waiting', doneOf(text));
        await sleep(LOOK_EVERY_MS);
      }
    }
  }

  /** Works as long as the claim is the highest. */
  async #work(claim: number, from: string | null): Promise<void> {
    const { disk } = this.#options;
    this.#tell('working', from);
    const present = new Set(await disk.list(ENTRIES));
    let done = from;
    for (const shard of SHARDS.filter((name) => from === null || name > from)) {
      const keys = present.has(shard) ? await keysOf(disk, shard) : [];
      for (const [at, key] of keys.entries()) {
        if (at % KEYS_PER_BEAT === KEYS_PER_BEAT - 1 && !(await this.#mayGoOn(claim, done))) return;
        if (await this.#migration.migrateKey(disk, key)) this.#changed += 1;
      }
      done = shard;
      if (keys.length === 0 && (SHARDS.indexOf(shard) + 1) % SHARDS_PER_BEAT !== 0) continue;
      if (!(await this.#mayGoOn(claim, done))) return;
      this.#tell('working', done);
    }
    if (await this.#mayGoOn(claim, done)) await this.#switch();
  }

  async #mayGoOn(claim: number, done: string | null): Promise<boolean> {
    if (((await this.#claims()).at(-1) ?? 0) !== claim) return false;
    this.#beats += 1;
    await this.#options.disk.replace(
      this.#progressFile(claim),
      `${JSON.stringify({ done: done ?? '', beats: this.#beats })}\n`,
    );
    return true;
  }

  async #switch(): Promise<void> {
    const { disk, from } = this.#options;
    const { to, needs } = this.#migration;
    await disk.replace(IDENTITY_FILE, encodeIdentity({ storeId: from.storeId, storeFormat: to, needs }));
    this.#tell('done', SHARDS.at(-1) ?? null);
    await discardClaims(disk, this.#place);
  }

  /** Claims there are, ascending; none where another process finished and took them away. */
  async #claims(): Promise<readonly number[]> {
    try {
      const names = await this.#options.disk.list(this.#place);
      return names
        .filter((name) => /^[1-9][0-9]{0,6}$/.test(name))
        .map(Number)
        .toSorted((a, b) => a - b);
    } catch (error) {
      if (error instanceof Error && isMissing(error.cause)) return [];
      throw error;
    }
  }

  async #isSwitched(): Promise<boolean> {
    const identity = await readIdentity(this.#options.disk, newestOf(this.#options.migrations));
    return identity !== null && identity.storeFormat >= this.#migration.to;
  }

  #progressFile(claim: number): string {
    return `${this.#place}/${claim}/progress.json`;
  }

  #tell(state: MigrationProgress['state'], done: string | null): void {
    const { onProgress, now } = this.#options;
    const atMs = now();
    if (state === this.#told.state && atMs - this.#told.atMs < TELL_EVERY_MS) return;
    this.#told = { state, atMs };
    const { to, what } = this.#migration;
    const shardsDone = done === null ? 0 : SHARDS.indexOf(done) + 1;
    onProgress({ to, what, state, shardsDone, shards: SHARDS.length, changed: this.#changed });
  }
}

async function keysOf(disk: Disk, shard: string): Promise<readonly string[]> {
  const names = await disk.list(shardDirectory(shard));
  return names.filter((name) => isCacheKey(name) && shardOf(name) === shard).toSorted();
}

/** The shard told last; null where none was, or nothing is told yet. */
function doneOf(text: string): string | null {
  try {
    const done = progressSchema.safeParse(JSON.parse(text)).data?.done ?? '';
    return SHARDS.includes(done) ? done : null;
  } catch {
    // Nothing is written yet.
    return null;
  }
}
