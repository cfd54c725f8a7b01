/** The filesystem as the store uses it, each call bounded by StoreCalls. */
import type { CallOptions, StoreCalls } from './calls.ts';
import type { Files, OpenedFile } from './files.ts';

/** Flushing takes as long as there are bytes to flush, and removing as long as there are files. */
const LONG = { patience: 10 } as const;

export function boundedFiles(files: Files, calls: StoreCalls): Files {
  return {
    async open(path, flags, mode) {
      const file = await calls.run('open', () => files.open(path, flags, mode), {
        // Nobody has it any more; the descriptor goes back, whenever that is.
        abandoned: (late) => void late.close().catch(() => undefined),
      });
      return boundedFile(file, calls);
    },
    mkdir: (path, options) => calls.run('mkdir', () => files.mkdir(path, options)),
    revalidate: (path) => calls.run('opendir', () => files.revalidate(path)),
    readdir: (path) => calls.run('readdir', () => files.readdir(path)),
    rename: (from, to) => calls.run('rename', () => files.rename(from, to)),
    link: (existing, name) => calls.run('link', () => files.link(existing, name)),
    unlink: (path) => calls.run('unlink', () => files.unlink(path)),
    rmdir: (path) => calls.run('rmdir', () => files.rmdir(path)),
    remove: (path) => calls.run('remove', () => files.remove(path), LONG),
    // Readiness asks for it, which is not to wait behind transfers.
    space: (path) => calls.run('statfs', () => files.space(path), { first: true }),
    stat: (path) => calls.run('stat', () => files.stat(path)),
    // One call of three: where it is given up, what it opened is closed by itself when the filesystem answers.
    revisit: (path) => calls.run('open', () => files.revisit(path)),
    readSmall: (path, bytesMax) => calls.run('read', () => files.readSmall(path, bytesMax)),
    setTimeToZero: (path) => calls.run('utimes', () => files.setTimeToZero(path)),
  };
}

function boundedFile(file: OpenedFile, calls: StoreCalls): OpenedFile {
  let underWay = 0;
  const run = <T>(operation: string, work: () => Promise<T>, options: CallOptions<T> = {}): Promise<T> =>
    calls.run(
      operation,
      async () => {
        underWay += 1;
        try {
          return await work();
        } finally {
          underWay -= 1;
        }
      },
      options,
    );
  return {
    writeText: (text) => run('write', () => file.writeText(text)),
    read: (buffer, position) => run('read', () => file.read(buffer, position)),
    readText: () => run('read', () => file.readText()),
    stat: () => run('fstat', () => file.stat()),
    chmod: (mode) => run('chmod', () => file.chmod(mode)),
    sync: () => run('fsync', () => file.sync(), LONG),
    async close() {
      // It has nothing left to flush, and on NFS it asks the server all the same.
      if (underWay === 0) return await calls.run('close', () => file.close(), { owed: true });
      // Of a call that was given up: Node closes the file when that one comes back, and no thread waits for it until then.
      void file.close().catch(() => undefined);
    },
  };
}
