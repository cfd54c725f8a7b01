/**
 * The full check of what is kept: every byte against its manifest (I5). It finds what the cheap check on every read cannot
 * see, bits that changed under an unchanged time. What is damaged is marked twice: in Redis, where the head becomes a
 * miss that the next ask fills again; and on the store, by a time that makes the cheap check hash the part, so that no
 * process takes it for whole when Redis has forgotten the mark.
 *
 * It runs beside everything else. A generation that gc takes away meanwhile was not damaged, so a name that is gone
 * counts only where Redis still calls it the head afterwards. Without Redis the newest generation of a key stands for its
 * head, and only the store is marked.
 */
import { inTurns } from './in-turns.ts';
import { isParqueueError } from './model/errors.ts';
import { SHARDS, shardOf } from './model/cache-key.ts';
import type { Tick } from './model/ticks.ts';
import type { Heads } from './ports/coordination.ts';
import type { OnStep } from './ports/steps.ts';
import type { GenerationReader, Inspection, KeyDirectories } from './ports/store.ts';

export interface VerifyDeps {
  readonly reader: GenerationReader;
  readonly directories: Pick<KeyDirectories, 'keys' | 'list'>;
  /** null: Redis is away. */
  readonly heads: Pick<Heads, 'look' | 'markDamaged'> | null;
  readonly onStep: OnStep;
}

export interface VerifyOptions {
  /** One entry, or null: all of the store. */
  readonly key: string | null;
  /** heads: what answers callers now. all: also replaced generations, which pins and links may still read. */
  readonly generations: 'heads' | 'all';
  /** The shard to begin with, `00` to `ff`: those before it were read by a check that did not come to its end. */
  readonly from?: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: VerifyProgress) => void;
  /** Called for each as it is found; all of them are in the report too. */
  readonly onFinding?: (finding: Finding) => void;
}

export interface VerifyProgress {
  readonly keys: number;
  readonly generations: number;
  readonly bytes: number;
  /** Of 256; a check of one key has one. */
  readonly shardsDone: number;
  readonly shards: number;
  /** What is being read. */
  readonly shard: string;
}

export interface Finding {
  readonly key: string;
  readonly fence: Tick;
  readonly head: boolean;
  /** unreadable: the filesystem refused to read it, which proves nothing; nothing is marked. */
  readonly kind: 'damaged' | 'absent' | 'unreadable';
  readonly reason: string;
  /** Where it is marked now. */
  readonly marked: readonly ('redis' | 'store')[];
}

export interface VerifyReport {
  readonly keys: number;
  readonly generations: number;
  readonly bytes: number;
  readonly findings: readonly Finding[];
}

/** @throws ParqueueError PQ_STORE_IO where the store cannot be listed; the signal's reason */
export async function verifyStore(deps: VerifyDeps, options: VerifyOptions): Promise<VerifyReport> {
  return await new Verification(deps, options).run();
}

/**
 * Keys that are read side by side: on NFS each read is a round trip. More would take its server's time from those who answer
 * callers, and each may hold a MiB.
 */
const KEYS_AT_ONCE = 8;

interface Ref {
  readonly key: string;
  readonly fence: Tick;
  readonly head: boolean;
}

class Verification {
  readonly #deps: VerifyDeps;
  readonly #options: VerifyOptions;
  readonly #findings: Finding[] = [];
  #progress: VerifyProgress;

  constructor(deps: VerifyDeps, options: VerifyOptions) {
    this.#deps = deps;
    this.#options = options;
    const { key, from = SHARDS[0] ?? '' } = options;
    const [shardsDone, shards] = key === null ? [SHARDS.indexOf(from), SHARDS.length] : [0, 1];
    this.#progress = { keys: 0, generations: 0, bytes: 0, shardsDone, shards, shard: from };
  }

  async run(): Promise<VerifyReport> {
    const { key } = this.#options;
    for (const shard of key === null ? SHARDS.slice(this.#progress.shardsDone) : [shardOf(key)]) {
      this.#add({ shard });
      const there = await this.#deps.directories.keys(shard);
      if (key === null)
        await inTurns(there, KEYS_AT_ONCE, (name) => this.#checkKey(name, () => this.#generationsOf(name)));
      // To list a directory makes it: of a key that was mistyped none is left behind.
      else await this.#checkKey(key, async () => (there.includes(key) ? await this.#generationsOf(key) : []));
      this.#add({ shardsDone: 1 });
    }
    const { keys, generations, bytes } = this.#progress;
    return { keys, generations, bytes, findings: this.#findings };
  }

  /** Newest first. */
  async #generationsOf(key: string): Promise<readonly Tick[]> {
    return (await this.#deps.directories.list(key)).generations.toReversed();
  }

  /** @param onDisk is asked only where Redis does not say all: a listing is eight calls */
  async #checkKey(key: string, onDisk: () => Promise<readonly Tick[]>): Promise<void> {
    const { generations, signal } = this.#options;
    signal.throwIfAborted();
    // Listed before Redis is asked: what is published between the two is not taken for a generation without a head.
    const all = generations === 'all' ? await onDisk() : null;
    const head = await this.#headOf(key, async () => all ?? (await onDisk()));
    const fences = all === null ? [head] : [...new Set([...(head === null ? [] : [head]), ...all])];
    for (const fence of fences) if (fence !== null) await this.#check({ key, fence, head: fence === head });
    this.#add({ keys: 1 });
  }

  /** What Redis says, or before it has compared the key with the store the newest generation there. */
  async #headOf(key: string, onDisk: () => Promise<readonly Tick[]>): Promise<Tick | null> {
    const look = await this.#deps.heads?.look({ key, scopes: [], probeTargets: [] }, null);
    if (look?.head != null) return look.head.fence;
    return look?.reconciled === true ? null : ((await onDisk())[0] ?? null);
  }

  async #check(ref: Ref): Promise<void> {
    const { signal } = this.#options;
    try {
      const verdict = await this.#deps.reader.verify(ref.key, ref.fence, {
        signal,
        onBytes: (bytes) => this.#add({ bytes }),
      });
      this.#add({ generations: 1 });
      if (verdict.kind !== 'whole') await this.#found(ref, verdict);
    } catch (error) {
      if (!isParqueueError(error) || error.code !== 'PQ_STORE_IO') throw error;
      this.#note({ ...ref, kind: 'unreadable', reason: error.message, marked: [] });
    }
  }

  async #found(ref: Ref, verdict: Exclude<Inspection, { readonly kind: 'whole' }>): Promise<void> {
    const { key, fence } = ref;
    if (verdict.kind === 'absent') {
      if (!(await this.#isHead(ref))) return;
      const reason = 'its files are gone';
      this.#note({ ...ref, kind: 'absent', reason, marked: await this.#markHead(ref, reason) });
      return;
    }
    const { reason } = verdict;
    await this.#deps.onStep('generation-damaged', { key, fence, reason });
    const marked = [...(await this.#markHead(ref, reason)), ...(await this.#markOnStore(ref))];
    this.#note({ ...ref, kind: 'damaged', reason, marked });
  }

  #note(finding: Finding): void {
    this.#findings.push(finding);
    this.#options.onFinding?.(finding);
  }

  async #isHead({ key, fence, head }: Ref): Promise<boolean> {
    const look = await this.#deps.heads?.look({ key, scopes: [], probeTargets: [] }, null);
    return head && look?.head?.fence === fence;
  }

  async #markHead({ key, fence, head }: Ref, reason: string): Promise<readonly 'redis'[]> {
    if (!head || this.#deps.heads === null) return [];
    await this.#deps.heads.markDamaged(key, fence, reason);
    return ['redis'];
  }

  /** Damage that the cheap check sees by itself needs no mark. */
  async #markOnStore({ key, fence }: Ref): Promise<readonly 'store'[]> {
    const { reader } = this.#deps;
    if ((await reader.inspect(key, fence)).kind === 'whole') await reader.distrust(key, fence);
    return (await reader.inspect(key, fence)).kind === 'damaged' ? ['store'] : [];
  }

  #add(more: Partial<VerifyProgress>): void {
    const { keys, generations, bytes, shardsDone, shards, shard } = this.#progress;
    this.#progress = {
      keys: keys + (more.keys ?? 0),
      generations: generations + (more.generations ?? 0),
      bytes: bytes + (more.bytes ?? 0),
      shardsDone: shardsDone + (more.shardsDone ?? 0),
      shards,
      shard: more.shard ?? shard,
    };
    this.#options.onProgress(this.#progress);
  }
}
