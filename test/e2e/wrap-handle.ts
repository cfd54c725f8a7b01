/** The test's end of one application process. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ApplicationAnswer, FromApplication, ToApplication } from './wrap-protocol.ts';

/** Built output: TypeScript lowers the decorators in it, as an application's own build does. */
const APPLICATION = fileURLToPath(new URL('../dist/e2e/wrap-process.js', import.meta.url));

export class ApplicationHandle {
  readonly heard: FromApplication[] = [];
  readonly #child: ChildProcess;
  readonly #listeners = new Set<() => void>();
  #asked = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message: FromApplication) => {
      this.heard.push(message);
      for (const listener of this.#listeners) listener();
    });
  }

  static async start(order: Omit<Extract<ToApplication, { kind: 'start' }>, 'kind'>): Promise<ApplicationHandle> {
    const child = fork(APPLICATION, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: [],
      serialization: 'advanced',
    });
    const application = new ApplicationHandle(child);
    application.#send({ kind: 'start', ...order });
    await application.hears(({ kind }) => kind === 'ready');
    return application;
  }

  /** Resolves with the first such message, past or future. */
  async hears<Message extends FromApplication>(
    wanted: (message: FromApplication) => message is Message,
  ): Promise<Message>;
  async hears(wanted: (message: FromApplication) => boolean): Promise<FromApplication>;
  async hears(wanted: (message: FromApplication) => boolean): Promise<FromApplication> {
    for (;;) {
      const message = this.heard.find(wanted);
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => {
        const listener = (): void => {
          this.#listeners.delete(listener);
          resolve();
        };
        this.#listeners.add(listener);
      });
    }
  }

  async ask(topic: string, callers = 1): Promise<readonly ApplicationAnswer[]> {
    const id = (this.#asked += 1);
    this.#send({ kind: 'ask', id, topic, callers });
    const message = await this.hears(
      (one): one is Extract<FromApplication, { kind: 'answers' }> => one.kind === 'answers' && one.id === id,
    );
    return message.answers;
  }

  loads(topic: string): number {
    return this.heard.filter((message) => message.kind === 'load' && message.topic === topic).length;
  }

  release(): void {
    this.#send({ kind: 'release' });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  /** Closes the client and waits until the process ends by itself. */
  async close(): Promise<number | null> {
    const exited = once(this.#child, 'exit');
    this.#send({ kind: 'close' });
    const [code] = (await exited) as [number | null];
    return code;
  }

  #send(message: ToApplication): void {
    this.#child.send(message);
  }
}
