/** What a test and its application processes say to each other. Apart from them: tests read sources, in which decorators stand. */

export type ToApplication =
  | {
      readonly kind: 'start';
      readonly url: string;
      readonly root: string;
      readonly redis: string;
      readonly state: string;
      readonly leaseSeconds: number;
    }
  | { readonly kind: 'ask'; readonly id: number; readonly topic: string; readonly callers: number }
  | { readonly kind: 'release' }
  | { readonly kind: 'close' };

export type FromApplication =
  | { readonly kind: 'ready' }
  | { readonly kind: 'load'; readonly topic: string }
  | { readonly kind: 'stopped'; readonly topic: string }
  | { readonly kind: 'answers'; readonly id: number; readonly answers: readonly ApplicationAnswer[] }
  | { readonly kind: 'closed' };

export type ApplicationAnswer =
  | { readonly rows: number; readonly versions: readonly number[] }
  | { readonly code: string; readonly message: string; readonly cause: string | null };

/** What the test writes for a topic. */
export interface TopicState {
  readonly version: number;
  /** Half of the rows are given, then the method waits to be released. */
  readonly hold?: boolean;
  readonly fail?: string;
}

/** Asking for this topic asks the decorated fields instead: rows of a dataset's table, and of a file. */
export const FIELDS = 'fields';

export const TOPIC_ROWS = 3_000;
