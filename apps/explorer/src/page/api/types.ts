/** Shapes of answers that the page reads, beside those that the client has types for. */
import type { Dataset, Source } from '@parqueue/client';

export type SourceState = Source & {
  readonly pause?: { readonly reason: string | null; readonly by: string | null; readonly since: string | null } | null;
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

/** When the entries of a dataset are looked at without being asked for. */
export interface RefreshState {
  readonly everySeconds: number | null;
  readonly cron: string | null;
  readonly timeZone: string | null;
  readonly next: string | null;
  readonly last: {
    readonly ended: string;
    readonly entries: Readonly<Record<string, number>>;
    readonly lastFailure: { readonly code: string; readonly message: string } | null;
  } | null;
}

export type WithRefresh<D extends Dataset> = D & { readonly refresh?: RefreshState | null };
