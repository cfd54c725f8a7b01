/** A quadratic reader takes longer, ms, for what a linear one reads in a moment, on however busy a machine. */
export const QUADRATIC_MS = 30_000;
