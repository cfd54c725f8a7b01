/**
 * A file of the store itself, opened by its path on a mount: no transfer at all. A pin keeps it there; it is renewed
 * while this process lives, and given back when the caller is done. Node only.
 */
import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, join, normalize, sep } from 'node:path';
import { asObject, clientError, isParqueueHttpError } from '../problem.ts';
import { resolveCall, type CallOptions } from '../question.ts';
import type { Transport } from '../transport.ts';
import type { Resolution, FillStatus, Question } from '../types.ts';
import type { AnswerInfo, PinnedFile } from './options.ts';

export interface PinWish extends Omit<CallOptions, 'ifNoneMatch'> {
  readonly mount: string;
  readonly pinSeconds: number;
  readonly onWait?: ((fill: FillStatus) => void) | undefined;
}

/** An entry whose file an NFS client does not see yet, or that was removed before it was pinned, is resolved again. */
const ATTEMPTS = 3;

/** A server that does not answer is not waited for: the pin ends by itself. */
const RELEASE_MS = 5_000;

/** @throws ParqueueHttpError NOT_MOUNTED, and what resolving is answered; the signal's reason */
export async function fetchPinned(question: Question, wish: PinWish, transport: Transport): Promise<PinnedFile> {
  const storeId = await storeIdOf(wish.mount);
  for (let attempt = 1; ; attempt += 1) {
    const sentAtMs = transport.now();
    const call = resolveCall(question, { ...wish, pin: `${wish.pinSeconds}s` });
    const { value, headers } = await transport.askJson(call, wish.onWait);
    const entry = value as Resolution;
    const pin = new HeldPin(entry, { transport, seconds: wish.pinSeconds });
    try {
      wish.signal?.throwIfAborted();
      if (entry.storeId !== storeId) throw notMounted('is the store of another cluster', wish.mount);
      const path = pathOf(wish.mount, entry.file.relative);
      const found = await stat(path).catch(() => null);
      if (found?.size === entry.bytes) {
        const info = infoOf(entry, headers, (transport.now() - sentAtMs) / 1000);
        return pin.hold(path, info);
      }
    } catch (error) {
      await pin.release();
      throw error;
    }
    await pin.release();
    if (attempt === ATTEMPTS) throw notMounted('does not have the file that the server named', wish.mount);
    await transport.pause(attempt, wish.signal);
  }
}

async function storeIdOf(mount: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(join(mount, 'parqueue.json'), 'utf8');
  } catch (cause) {
    throw notMounted('has no readable parqueue.json', mount, cause);
  }
  const storeId = idIn(text);
  if (storeId === null) throw notMounted('has a parqueue.json that names no store', mount);
  return storeId;
}

function idIn(text: string): string | null {
  try {
    const { storeId } = asObject(JSON.parse(text)) ?? {};
    return typeof storeId === 'string' ? storeId : null;
  } catch {
    // Not JSON: not the identity of a store.
    return null;
  }
}

function notMounted(what: string, mount: string, cause?: unknown): Error {
  const advice = 'mount the root of the store and name it as `mount`, or fetch the rows another way';
  return clientError('NOT_MOUNTED', `${mount} ${what}: ${advice}`, { cause });
}

/** What a server names is below the mount, or refused. */
function pathOf(mount: string, relative: string): string {
  const path = normalize(relative);
  if (isAbsolute(path) || path === '..' || path.startsWith(`..${sep}`))
    throw clientError('UNEXPECTED', 'the server named a file outside of the store');
  return join(mount, path);
}

function infoOf(entry: Resolution, headers: Headers, elapsedSeconds: number): AnswerInfo {
  const { key, generation, version, etag } = entry;
  const cacheStatus = headers.get('cache-status');
  return {
    key,
    generation,
    version,
    etag,
    cacheStatus,
    ageSeconds: entry.ageSeconds + elapsedSeconds,
    from: 'server',
    verified: true,
  };
}

/**
 * One pin: renewed when a third of its time is over, so that two renewals may fail, and lost at the latest when its time
 * is over. A timer says when that is: the clock may be set, and a server that hangs must not put it off.
 */
class HeldPin {
  readonly #entry: Resolution;
  readonly #transport: Transport;
  readonly #seconds: number;
  readonly #lost = new AbortController();
  #timer: ReturnType<typeof setInterval> | null = null;
  #expiry: ReturnType<typeof setTimeout> | null = null;
  #released: Promise<void> | null = null;
  /** Of the last renewal. */
  #failure: unknown = undefined;

  constructor(entry: Resolution, { transport, seconds }: { readonly transport: Transport; readonly seconds: number }) {
    this.#entry = entry;
    this.#transport = transport;
    this.#seconds = seconds;
  }

  hold(path: string, info: AnswerInfo): PinnedFile {
    this.#timer = setInterval(() => void this.#renew(), this.#renewMs);
    // A process with nothing else to do may end; the pin then ends by itself.
    this.#timer.unref();
    this.#expireAfter(this.#seconds * 1000);
    const { bytes, rows, sha256 } = this.#entry;
    const release = async (): Promise<void> => this.release();
    return { path, bytes, rows, sha256, info, signal: this.#lost.signal, release, [Symbol.asyncDispose]: release };
  }

  /** Never throws: a pin that cannot be given back expires. */
  async release(): Promise<void> {
    this.#released ??= this.#giveBack();
    return this.#released;
  }

  async #giveBack(): Promise<void> {
    this.#stop();
    const signal = AbortSignal.timeout(RELEASE_MS);
    await this.#transport.send({ method: 'DELETE', path: this.#path(), signal }).catch(() => undefined);
  }

  async #renew(): Promise<void> {
    const sentAtMs = performance.now();
    try {
      const signal = AbortSignal.timeout(this.#renewMs);
      await this.#transport.json({ method: 'PUT', path: this.#path(), body: { ttl: `${this.#seconds}s` }, signal });
      if (this.#isHeld) this.#expireAfter(this.#seconds * 1000 - (performance.now() - sentAtMs));
    } catch (error) {
      if (isParqueueHttpError(error) && (error.status === 410 || error.status === 404)) this.#lose(error);
      else this.#failure = error;
    }
  }

  /** `AbortSignal.timeout` takes whole milliseconds only. */
  get #renewMs(): number {
    return Math.floor((this.#seconds * 1000) / 3);
  }

  get #isHeld(): boolean {
    return this.#released === null && !this.#lost.signal.aborted;
  }

  #expireAfter(ms: number): void {
    if (this.#expiry !== null) clearTimeout(this.#expiry);
    this.#expiry = setTimeout(() => this.#lose(this.#failure), ms);
    this.#expiry.unref();
  }

  #lose(cause: unknown): void {
    if (!this.#isHeld) return;
    this.#stop();
    this.#lost.abort(clientError('UNEXPECTED', 'the pin was lost: the file may be removed at any time', { cause }));
  }

  #stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#expiry !== null) clearTimeout(this.#expiry);
  }

  #path(): string {
    return `v1/pins/${encodeURIComponent(this.#entry.pin?.id ?? '')}`;
  }
}
