/** Shapes of answers that the page reads, beside those that the client has types for. */

/** A row of an entry, as JSON has it. */
export type Row = Readonly<Record<string, unknown>>;
