/** Redis as a test sees it, past every client: what callers send to it, and commands of the test's own. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** What callers sent, in order: the script's name for a script, otherwise the command. What scripts call inside is no trip. */
export class RedisMonitor implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #url: string;
  #lines: string[] = [];
  #marks = 0;
  #onLine: () => void = () => undefined;

  private constructor(url: string, socket: Socket) {
    this.#url = url;
    this.#socket = socket;
    createInterface({ input: socket }).on('line', (line) => {
      this.#lines.push(line);
      this.#onLine();
    });
  }

  static async open(url: string): Promise<RedisMonitor> {
    const monitor = new RedisMonitor(url, await dial(url));
    monitor.#socket.write('MONITOR\r\n');
    await monitor.#until((line) => line === '+OK');
    return monitor;
  }

  async #mark(): Promise<string> {
    const mark = `mark-${(this.#marks += 1)}`;
    await redisCommand(this.#url, ['ECHO', mark]);
    await this.#until((line) => line.includes(`"${mark}"`));
    return mark;
  }

  /** The commands that reached Redis while `work` ran, other than the one that marks its beginning or its end. */
  async during(work: () => Promise<unknown>): Promise<readonly string[]> {
    // What was sent before is told of later than it is answered, where the machine is busy.
    await this.#mark();
    this.#lines = [];
    await work();
    const mark = await this.#mark();
    return this.#lines.flatMap((line) => {
      const [, source = 'lua', command = '', argument = ''] =
        /^\+[\d.]+ \[\d+ (\S+)\] "([^"]*)"(?: "([^"]*)")?/.exec(line) ?? [];
      if (source === 'lua' || argument === mark) return [];
      return [command.toLowerCase() === 'evalsha' ? (NAMES.get(argument) ?? argument) : command.toLowerCase()];
    });
  }

  async #until(found: (line: string) => boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onLine = () => {
        if (this.#lines.some(found)) resolve();
      };
      this.#onLine();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await once(this.#socket, 'close');
  }
}

/** One command on a connection of its own. @returns the first line of the reply, as RESP writes it */
export async function redisCommand(url: string, words: readonly string[]): Promise<string> {
  const socket = await dial(url);
  try {
    socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`);
    const [line] = (await once(createInterface({ input: socket }), 'line')) as [string];
    if (line.startsWith('-')) throw new Error(`Redis refused ${words[0]}: ${line}`);
    return line;
  } finally {
    socket.destroy();
  }
}

async function dial(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  return socket;
}

const LUA = new URL('../../packages/core/lua/', import.meta.url);
const NAMES: ReadonlyMap<string, string> = new Map(
  readdirSync(LUA).map((file) => [
    createHash('sha1')
      .update(readFileSync(new URL(file, LUA)))
      .digest('hex'),
    file.replace(/\.lua$/, ''),
  ]),
);
