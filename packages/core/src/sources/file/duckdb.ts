/**
 * One DuckDB instance per load: a fatal error on a malformed file invalidates the whole instance, and its memory is
 * ours to bound. It sees the directories it is given and nothing else of the machine, loads no extension and
 * remembers nothing. Its results depend on the bytes it reads only: row order is kept and the time zone is UTC.
 */
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import type { ParqueueError } from '../../model/errors.ts';
import { cancelled, throwIfAborted } from './disk-error.ts';

export interface DuckDbOptions {
  /** As DuckDB spells it, e.g. `384MB`. Buffers beyond it spill to scratch; parsers and writers stay within about twice it. */
  readonly memoryLimit: string;
  readonly threads: number;
}

export interface DuckDbSession extends AsyncDisposable {
  /** Runs one statement; rows come back as DuckDB's JSON values (64-bit numbers as text). */
  run(sql: string): Promise<readonly (readonly unknown[])[]>;
  /** Share of the running statement that is done, 0 to 1, or null where unknown. */
  progress(): number | null;
  /** Makes the running statement fail; `run` then rejects with that error. */
  stop(error: ParqueueError): void;
}

export interface SessionPlace {
  /** Where it may spill; made for this load and removed after it. */
  readonly scratch: string;
  /** Directories it may read and write. */
  readonly directories: readonly string[];
  readonly signal: AbortSignal;
}

/** Errors of DuckDB itself are rejected as they come: callers know what they asked and give them a code. */
export async function openDuckDb(options: DuckDbOptions, place: SessionPlace): Promise<DuckDbSession> {
  throwIfAborted(place.signal);
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: options.memoryLimit,
    threads: String(options.threads),
    temp_directory: `${place.scratch}/spill`,
    preserve_insertion_order: 'true',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  try {
    const connection = await instance.connect();
    const session = sessionOn(instance, connection, place.signal);
    await session.run("SET TimeZone = 'UTC'");
    await session.run(
      `SET allowed_directories = [${place.directories.map((directory) => literal(`${directory}/`)).join(', ')}]`,
    );
    await session.run('SET enable_external_access = false');
    await session.run('SET lock_configuration = true');
    return session;
  } catch (error) {
    instance.closeSync();
    throw error;
  }
}

function sessionOn(instance: DuckDBInstance, connection: DuckDBConnection, signal: AbortSignal): DuckDbSession {
  let stopped: ParqueueError | null = null;
  const stop = (error: ParqueueError): void => {
    stopped ??= error;
    connection.interrupt();
  };
  const onAbort = (): void => stop(cancelled(signal));
  signal.addEventListener('abort', onAbort);
  return {
    stop,
    async run(sql) {
      if (stopped !== null) throw stopped;
      try {
        const reader = await connection.runAndReadAll(sql);
        if (stopped !== null) throw stopped;
        return reader.getRowsJson();
      } catch (error) {
        throw stopped ?? error;
      }
    },
    progress() {
      const { percentage } = connection.progress;
      return percentage < 0 ? null : percentage / 100;
    },
    // Closing is synchronous in this driver.
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', onAbort);
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/**
 * The columns of what stands behind FROM. The driver takes a byte order mark at the beginning of a text for none of it, so
 * that a name which begins with one would name another column: no name is at the beginning.
 */
export async function columnsOf(
  session: DuckDbSession,
  relation: string,
): Promise<readonly { readonly name: string; readonly type: string }[]> {
  const rows = await session.run(`SELECT '.' || column_name, column_type FROM (DESCRIBE SELECT * FROM ${relation})`);
  return rows.map(([name, type]) => ({ name: String(name).slice(1), type: String(type) }));
}

/** A text as SQL writes it. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A column's name as SQL writes it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The error's text without paths of this host: they mean nothing to the caller and tell too much. */
export function duckDbMessage(error: unknown, directories: readonly string[]): string {
  const text = error instanceof Error ? error.message : String(error);
  return directories.reduce((rest, directory) => rest.replaceAll(`${directory}/`, ''), text);
}
