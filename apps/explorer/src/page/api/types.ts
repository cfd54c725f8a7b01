/** Shapes of answers that the page reads, beside those that the client has types for. */
import type { Source } from '@parqueue/client';

export type SourceState = Source & {
  readonly pause?: { readonly reason: string | null; readonly by: string; readonly since: string } | null;
  readonly health?: {
    readonly state: 'ok' | 'failing' | 'cooling' | 'paused' | 'unknown';
    readonly lastAnswerAt: string | null;
    readonly lastFailureAt: string | null;
    readonly lastFailure: { readonly code: string; readonly message: string } | null;
    readonly failuresInARow: number;
  };
};

/** A row of an entry, as JSON has it. */
export type Row = Readonly<Record<string, unknown>>;
