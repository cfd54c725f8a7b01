/** What a section is at: one line that is written over on a terminal, and only its beginning in a log. */

export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const CLEAR = '\r\u001B[K';

export class ProgressLine {
  readonly #terminal: Terminal;
  #title = '';

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  begin(title: string): void {
    this.#title = title;
    this.#terminal.write(this.#isLive ? CLEAR + title : `${title}\n`);
  }

  tell(text: string): void {
    if (!this.#isLive) return;
    const line = `${this.#title}: ${text.replaceAll(/\s+/g, ' ')}`;
    // One that wraps could not be written over.
    this.#terminal.write(CLEAR + line.slice(0, (this.#terminal.columns ?? 80) - 1));
  }

  end(): void {
    if (this.#isLive) this.#terminal.write(CLEAR);
  }

  get #isLive(): boolean {
    return this.#terminal.isTTY === true;
  }
}
