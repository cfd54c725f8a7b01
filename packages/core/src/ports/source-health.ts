/** What is known of a source from the work that touched it, for people: it decides nothing, and Redis may forget it. */
import type { ErrorCode, Failure } from '../model/errors.ts';

/** What one piece of work found. */
export interface Contact {
  /** The source answered, if only to refuse. */
  readonly answered: boolean;
  /** What went wrong with it, in its own words where it has some. */
  readonly failure: Failure | null;
}

/** Times by Redis's clock, ms; null: not known. */
export interface KnownHealth {
  readonly answeredAtMs: number | null;
  readonly failedAtMs: number | null;
  readonly failure: { readonly code: ErrorCode; readonly message: string } | null;
}

export interface SourceHealth {
  tell(source: string, contact: Contact): Promise<void>;
  read(source: string): Promise<KnownHealth>;
}
