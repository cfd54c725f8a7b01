/** Shapes of answers that the page reads. What the client has types for is taken from there. */
import type { Source } from '@parqueue/client';

/** Who asks, and what they may. */
export interface WhoAmI {
  readonly name: string;
  readonly open: boolean;
  readonly scopes: readonly string[];
  readonly datasets: readonly string[];
  readonly expiresAt: string | null;
}

export interface ColumnStatistics {
  readonly name: string;
  readonly type: string;
  readonly nested: boolean;
  /** Compressed, in the file. */
  readonly bytes: number;
  readonly nulls: number;
  /** In the rows looked at. */
  readonly values: number;
  readonly range: 'all' | 'sample' | null;
  readonly min: string | null;
  readonly max: string | null;
  readonly mean: string | null;
  /** null: more than were counted. */
  readonly distinct: number | null;
  readonly top: readonly { readonly value: string; readonly count: number; readonly cut: boolean }[] | null;
  readonly histogram: {
    readonly edges: readonly string[];
    readonly counts: readonly number[];
    readonly notFinite?: number;
  } | null;
}

export interface Statistics {
  readonly rows: number;
  readonly bytes: number;
  readonly rowGroups: number;
  readonly basis: {
    readonly kind: 'all' | 'sample';
    readonly rows: number;
    readonly rowGroups: number;
    readonly why: string | null;
  };
  readonly columns: readonly ColumnStatistics[];
}

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
