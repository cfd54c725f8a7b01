/** The columns of a statement, asked of the server by Parse and Describe: it is not executed. */
import type { WireConnection } from './frames.ts';

/** A field of a RowDescription, in pg's words. */
export interface DescribedField {
  readonly name: string;
  readonly dataTypeID: number;
  readonly dataTypeModifier: number;
}

/** Handed to pg's Client as a query of its own kind. */
export class StatementReader {
  readonly fields: Promise<readonly DescribedField[]>;
  readonly #text: string;
  #described: readonly DescribedField[] = [];
  #resolve: (fields: readonly DescribedField[]) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor(text: string) {
    this.#text = text;
    this.fields = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: WireConnection): void {
    connection.stream.cork();
    connection.parse({ text: this.#text });
    connection.describe({ type: 'S', name: '' });
    connection.sync();
    connection.stream.uncork();
  }

  handleRowDescription({ fields }: { readonly fields: readonly DescribedField[] }): void {
    this.#described = fields;
  }

  handleReadyForQuery(): void {
    this.#resolve(this.#described);
  }

  handleError(error: unknown): void {
    this.#reject(error);
  }
}
