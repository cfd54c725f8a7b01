/**
 * A fault injector below the store: it stands where node:fs/promises stands, writes down every operation, and makes
 * the ones that a test armed fail, fail after they happened, or wait at a gate. It acts by name and count alone, so
 * a test that fails fails again.
 */
import type { Space } from '../model/retention.ts';
import type { FileIdentity, Files, OpenedFile, SmallFile } from '../store/files.ts';

export type FileOperation =
  | 'open'
  | 'write'
  | 'read'
  | 'stat'
  | 'chmod'
  | 'fsync'
  | 'close'
  | 'mkdir'
  | 'revalidate'
  | 'readdir'
  | 'rename'
  | 'link'
  | 'unlink'
  | 'rmdir'
  | 'remove'
  | 'space'
  | 'lookup'
  | 'utimes';

/** Linux numbers. libuv on Node 20 has no name for the last two and reports them as `Unknown system error`. */
const ERRNOS = {
  EPERM: -1,
  ENOENT: -2,
  EIO: -5,
  EACCES: -13,
  EEXIST: -17,
  EROFS: -30,
  ENOSPC: -28,
  ENOTEMPTY: -39,
  ETIMEDOUT: -110,
  ESTALE: -116,
  EDQUOT: -122,
} as const;

export type ArmedErrno = keyof typeof ERRNOS;

export interface FaultPoint {
  readonly operation: FileOperation;
  /** Only where the path (of a rename or link: the target) contains this text or matches. */
  readonly path?: string | RegExp;
  /** Matching operations that pass before the fault begins. */
  readonly skip?: number;
  /** How many matching operations it hits; default 1. */
  readonly times?: number;
}

export interface Gate {
  /** Resolves when an operation waits at the gate. */
  readonly reached: Promise<void>;
  open(): void;
}

export interface RecordedOperation {
  readonly operation: FileOperation;
  readonly path: string;
}

type Effect =
  | { readonly kind: 'fail'; readonly errno: ArmedErrno }
  | { readonly kind: 'fail-after'; readonly errno: ArmedErrno }
  | { readonly kind: 'before'; readonly act: () => Promise<void> };

interface Armed {
  readonly point: FaultPoint;
  readonly effect: Effect;
  seen: number;
}

export class FaultyFiles implements Files {
  /** Every operation that was begun, oldest first. */
  readonly log: RecordedOperation[] = [];
  readonly #inner: Files;
  #armed: Armed[] = [];

  constructor(inner: Files) {
    this.#inner = inner;
  }

  /** The operation fails and does nothing. */
  fail(point: FaultPoint, errno: ArmedErrno): void {
    this.#arm(point, { kind: 'fail', errno });
  }

  /** The operation is done, and reported as failed: what a retransmitted NFS call looks like. */
  failAfterwards(point: FaultPoint, errno: ArmedErrno): void {
    this.#arm(point, { kind: 'fail-after', errno });
  }

  /** Something else happens first, for example what another host does at that moment. */
  before(point: FaultPoint, act: () => Promise<void>): void {
    this.#arm(point, { kind: 'before', act });
  }

  /** The operation waits until the gate is opened. */
  gate(point: FaultPoint): Gate {
    const reached = deferred();
    const opened = deferred();
    this.before(point, async () => {
      reached.resolve();
      await opened.promise;
    });
    return { reached: reached.promise, open: opened.resolve };
  }

  disarm(): void {
    this.#armed = [];
  }

  async open(path: string, flags: 'r' | 'r+' | 'wx', mode?: number): Promise<OpenedFile> {
    const file = await this.#do('open', path, () => this.#inner.open(path, flags, mode));
    return {
      writeText: (text) => this.#do('write', path, () => file.writeText(text)),
      read: (buffer, position) => this.#do('read', path, () => file.read(buffer, position)),
      readText: () => this.#do('read', path, () => file.readText()),
      stat: () => this.#do('stat', path, () => file.stat()),
      chmod: (bits) => this.#do('chmod', path, () => file.chmod(bits)),
      sync: () => this.#do('fsync', path, () => file.sync()),
      // A failing close still gives the descriptor back, as close(2) does.
      close: () =>
        this.#do(
          'close',
          path,
          () => file.close(),
          () => file.close(),
        ),
    };
  }

  mkdir(path: string, options: { readonly mode: number; readonly recursive: boolean }): Promise<void> {
    return this.#do('mkdir', path, () => this.#inner.mkdir(path, options));
  }

  revalidate(path: string): Promise<void> {
    return this.#do('revalidate', path, () => this.#inner.revalidate(path));
  }

  readdir(path: string): Promise<string[]> {
    return this.#do('readdir', path, () => this.#inner.readdir(path));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#do('rename', to, () => this.#inner.rename(from, to));
  }

  link(existing: string, name: string): Promise<void> {
    return this.#do('link', name, () => this.#inner.link(existing, name));
  }

  unlink(path: string): Promise<void> {
    return this.#do('unlink', path, () => this.#inner.unlink(path));
  }

  rmdir(path: string): Promise<void> {
    return this.#do('rmdir', path, () => this.#inner.rmdir(path));
  }

  remove(path: string): Promise<void> {
    return this.#do('remove', path, () => this.#inner.remove(path));
  }

  space(path: string): Promise<Space> {
    return this.#do('space', path, () => this.#inner.space(path));
  }

  stat(path: string): Promise<FileIdentity> {
    return this.#do('lookup', path, () => this.#inner.stat(path));
  }

  /** Written down, and struck, as the calls it is made of. */
  async revisit(path: string): Promise<FileIdentity> {
    await this.#do('open', path, async () => undefined);
    const identity = await this.#do('stat', path, () => this.#inner.revisit(path));
    await this.#do('close', path, async () => undefined);
    return identity;
  }

  /** Step by step, so that each can be made to fail. */
  async readSmall(path: string, bytesMax: number): Promise<SmallFile> {
    const file = await this.open(path, 'r');
    try {
      const identity = await file.stat();
      if (identity.size > bytesMax) return { identity, bytes: null };
      const bytes = Buffer.alloc(Number(identity.size));
      let done = 0;
      for (let more = -1; more !== 0 && done < bytes.length; done += more)
        more = await file.read(bytes.subarray(done), done);
      return { identity, bytes: bytes.subarray(0, done) };
    } finally {
      await file.close();
    }
  }

  setTimeToZero(path: string): Promise<void> {
    return this.#do('utimes', path, () => this.#inner.setTimeToZero(path));
  }

  #arm(point: FaultPoint, effect: Effect): void {
    this.#armed.push({ point, effect, seen: 0 });
  }

  async #do<T>(
    operation: FileOperation,
    path: string,
    work: () => Promise<T>,
    onRefused?: () => Promise<void>,
  ): Promise<T> {
    this.log.push({ operation, path });
    const effects = this.#armed.filter((armed) => strikes(armed, operation, path)).map(({ effect }) => effect);
    for (const effect of effects) {
      if (effect.kind === 'before') await effect.act();
      if (effect.kind === 'fail') {
        await onRefused?.();
        throw systemError(effect.errno, operation, path);
      }
    }
    const result = await work();
    for (const effect of effects) {
      if (effect.kind === 'fail-after') throw systemError(effect.errno, operation, path);
    }
    return result;
  }
}

/** Counts the operation where it matches. @returns whether the fault hits this one. */
function strikes(armed: Armed, operation: FileOperation, path: string): boolean {
  const { operation: wanted, path: pattern, skip = 0, times = 1 } = armed.point;
  if (operation !== wanted) return false;
  if (typeof pattern === 'string' && !path.includes(pattern)) return false;
  if (pattern instanceof RegExp && !pattern.test(path)) return false;
  armed.seen += 1;
  return armed.seen > skip && armed.seen <= skip + times;
}

/** As Node 20 would throw it. */
function systemError(name: ArmedErrno, syscall: string, path: string): Error {
  const errno = ERRNOS[name];
  const unnamed = name === 'ESTALE' || name === 'EDQUOT';
  const code = unnamed ? `Unknown system error ${errno}` : name;
  return Object.assign(new Error(`${code}: armed, ${syscall} '${path}'`), { errno, code, syscall, path });
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
