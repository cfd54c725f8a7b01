/**
 * The main thread's end of one task: answers the thread's questions, passes on its progress and steps, and keeps its
 * report. Owns the port; knows nothing of threads or pools.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Failure, Memo, WorkContext } from '@parqueue/core';
import type { FromThread, ThreadReport, ToThread } from './protocol.ts';

export interface Delivered {
  readonly report: ThreadReport;
  readonly recycle: boolean;
}

export interface ConversationOptions {
  readonly port: MessagePort;
  readonly context: WorkContext;
  readonly memo: Memo;
  readonly onStarted: (threadId: number) => void;
  /** Losing a memo or an observer costs work, never truth: it is told and the task goes on. */
  readonly onTrouble: (error: unknown) => void;
}

export class Conversation {
  readonly delivered: Promise<Delivered>;
  readonly #options: ConversationOptions;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.delivered = new Promise((resolve) => {
      options.port.on('message', (message: FromThread) => this.#hear(message, resolve));
    });
  }

  stop(failure: Failure): void {
    this.#tell({ kind: 'stop', failure });
  }

  dismiss(): void {
    this.#tell({ kind: 'dismiss' });
  }

  close(): void {
    this.#options.port.close();
  }

  #hear(message: FromThread, deliver: (delivered: Delivered) => void): void {
    const { context, memo, onStarted, onTrouble } = this.#options;
    switch (message.kind) {
      case 'started':
        return onStarted(message.threadId);
      case 'progress':
        return context.onProgress(message.progress);
      case 'statement':
        return context.onStatement?.(message.statement);
      case 'step':
        return this.#answer(message.id, async () => {
          await context.onStep(message.step);
          return null;
        });
      case 'memo-get':
        return this.#answer(message.id, () => memo.get(message.name));
      case 'memo-put':
        memo.put(message.name, message.value).catch(onTrouble);
        return;
      case 'report':
        return deliver({ report: message.report, recycle: message.recycle });
      default:
        message satisfies never;
    }
  }

  #answer(id: number, act: () => Promise<string | null>): void {
    void (async () => {
      let value: string | null = null;
      try {
        value = await act();
      } catch (error) {
        this.#options.onTrouble(error);
      }
      this.#tell({ kind: 'answer', id, value });
    })();
  }

  /** Posting on a port whose other end died is not an error; nobody hears it. */
  #tell(message: ToThread): void {
    this.#options.port.postMessage(message);
  }
}
