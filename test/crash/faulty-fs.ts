/**
 * A filesystem that refuses, below everything: it stands between node:fs/promises and whoever uses it in this thread,
 * and touches only what lies under one folder, the store's root. Loaded before the program, so that the program's own
 * imports are already the faulty ones; the program is not changed and does not know.
 *
 * What is refused: ENOSPC what takes room, EIO and ESTALE everything but closing, which gives the descriptor back.
 */
import fs from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

export const ERRNOS = ['ENOSPC', 'EIO', 'ESTALE'] as const;
export type Errno = (typeof ERRNOS)[number];

/** `times`: so many operations are refused, and then none; null: all, until somebody disarms it. */
export interface FsOrder {
  readonly errno: Errno;
  readonly times: number | null;
}

/** Linux numbers; libuv of Node 20 has no name for the last one and reports `Unknown system error -116`. */
const NUMBERS: Readonly<Record<Errno, number>> = { ENOSPC: -28, EIO: -5, ESTALE: -116 };

type Operation = (...args: readonly unknown[]) => Promise<unknown>;
type Operations = Record<string, Operation | undefined>;

/** By path. Of those with two paths the second one is where something is made. */
const BY_PATH = [
  ...['mkdir', 'opendir', 'readdir', 'rename', 'link', 'unlink', 'rmdir', 'rm'],
  ...['access', 'stat', 'lstat', 'statfs', 'utimes', 'readFile', 'writeFile'],
];
const BY_HANDLE = ['read', 'readFile', 'write', 'writeFile', 'stat', 'chmod', 'sync', 'datasync', 'truncate'];
const TAKES_ROOM: ReadonlySet<string> = new Set(['mkdir', 'rename', 'link', 'write', 'writeFile', 'sync', 'truncate']);

export class FaultyFs {
  /** Operations that were refused so far. */
  struck = 0;
  readonly #root: string;
  readonly #onStrike: (operation: string) => void;
  readonly #paths = new WeakMap<object, string>();
  #order: FsOrder | null = null;
  #left = 0;

  private constructor(root: string, onStrike: (operation: string) => void) {
    this.#root = root;
    this.#onStrike = onStrike;
  }

  static async install(root: string, onStrike: (operation: string) => void): Promise<FaultyFs> {
    const faulty = new FaultyFs(root, onStrike);
    const probe = await fs.open(new URL(import.meta.url));
    const handles = Object.getPrototypeOf(probe) as Operations;
    await probe.close();
    const functions = fs as unknown as Operations;
    faulty.#wrapOpen(functions);
    for (const name of BY_PATH) faulty.#wrap(functions, name, (args) => faulty.#pathIn(args));
    for (const name of BY_HANDLE) faulty.#wrap(handles, name, (_, handle) => faulty.#paths.get(handle) ?? null);
    syncBuiltinESMExports();
    return faulty;
  }

  arm(order: FsOrder | null): void {
    this.#order = order;
    this.#left = order === null ? 0 : (order.times ?? Number.POSITIVE_INFINITY);
  }

  #wrap(owner: Operations, name: string, pathOf: (args: readonly unknown[], self: object) => string | null): void {
    const work = owner[name];
    if (work === undefined) throw new Error(`this Node has no ${name} to make faulty`);
    const consider = (args: readonly unknown[], self: object): void => {
      const path = pathOf(args, self);
      if (path !== null) this.#refuse(name, path, TAKES_ROOM.has(name));
    };
    owner[name] = async function (this: object, ...args: readonly unknown[]): Promise<unknown> {
      consider(args, this);
      return await Reflect.apply(work, this, args);
    };
  }

  #wrapOpen(owner: Operations): void {
    const { open } = owner;
    if (open === undefined) throw new Error('this Node has no open to make faulty');
    owner['open'] = async (...args) => {
      const path = this.#pathIn(args);
      if (path !== null) this.#refuse('open', path, typeof args[1] === 'string' && args[1].startsWith('w'));
      const handle = (await open(...args)) as FileHandle;
      if (path !== null) this.#paths.set(handle, path);
      return handle;
    };
  }

  /** The first argument under the root; a rename into it from outside counts by its target. */
  #pathIn(args: readonly unknown[]): string | null {
    for (const arg of args.slice(0, 2)) if (typeof arg === 'string' && arg.startsWith(this.#root)) return arg;
    return null;
  }

  #refuse(operation: string, path: string, takesRoom: boolean): void {
    const order = this.#order;
    if (order === null || this.#left === 0 || (order.errno === 'ENOSPC' && !takesRoom)) return;
    this.#left -= 1;
    this.struck += 1;
    this.#onStrike(operation);
    const errno = NUMBERS[order.errno];
    const code = order.errno === 'ESTALE' ? `Unknown system error ${errno}` : order.errno;
    throw Object.assign(new Error(`${code}: injected, ${operation} '${path}'`), {
      errno,
      code,
      syscall: operation,
      path,
    });
  }
}
