/** What goes to the rows thread and comes back. Errors do not survive the border; failures do. */
import type { Failure } from '@parqueue/core';
import type { RowsText } from '@parqueue/core/parquet';

export type RowsReport =
  | { readonly kind: 'rows'; readonly reading: RowsText }
  | { readonly kind: 'failed'; readonly failure: Failure };
