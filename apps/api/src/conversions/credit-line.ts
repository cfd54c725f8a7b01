/**
 * The thread's side of one conversion's port: work is done on credit only, so that a slow caller costs waiting and not
 * memory; and the host, or its absence, ends it.
 */
import type { MessagePort } from 'node:worker_threads';
import type { HostMessage, ThreadMessage } from './protocol.ts';

export class CreditLine {
  readonly #port: MessagePort;
  readonly #state = { credits: 0, stopped: false };
  #wake: () => void = () => undefined;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (message: HostMessage) => {
      if (message.kind === 'credit') this.#state.credits += message.chunks;
      else this.#state.stopped = true;
      this.#wake();
    });
    port.on('close', () => {
      this.#state.stopped = true;
      this.#wake();
    });
  }

  /** Waits until one more chunk may be made. @returns whether to go on */
  async credit(): Promise<boolean> {
    while (!this.#state.stopped && this.#state.credits === 0) await this.#news();
    this.#state.credits -= 1;
    return !this.#state.stopped;
  }

  async stopped(): Promise<void> {
    while (!this.#state.stopped) await this.#news();
  }

  tell(message: ThreadMessage): void {
    if (message.kind === 'chunk') this.#port.postMessage(message, [message.bytes.buffer]);
    else this.#port.postMessage(message);
  }

  close(): void {
    this.#port.close();
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
