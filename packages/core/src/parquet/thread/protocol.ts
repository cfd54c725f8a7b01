/** What goes between a thread that has rows and the thread that writes and reads its Parquet files. */
import type { MessagePort } from 'node:worker_threads';
import type { Failure } from '../../model/errors.ts';
import type { ParquetOptions } from '../../model/request.ts';
import type { FooterColumn } from '../footer.ts';

export type FileTask = { readonly port: MessagePort } & (
  | {
      readonly kind: 'write';
      readonly path: string;
      /** An Arrow stream without batches. */
      readonly schema: Uint8Array;
      readonly parquet: ParquetOptions;
      readonly rowsMax: number;
      readonly bytesMax: number;
    }
  | { readonly kind: 'read'; readonly path: string; readonly bytes: number }
);

export type ToThread =
  /** An Arrow stream of one batch; sent when it was asked for. */
  | { readonly kind: 'batch'; readonly ipc: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'stop'; readonly failure: Failure };

export interface WrittenFile {
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly columns: readonly FooterColumn[];
}

export type FromThread =
  /** There is room for another batch: back-pressure. */
  | { readonly kind: 'next' }
  | { readonly kind: 'progress'; readonly rows: number; readonly bytes: number }
  | { readonly kind: 'written'; readonly file: WrittenFile }
  /** A piece of the Arrow stream of a file. */
  | { readonly kind: 'piece'; readonly ipc: Uint8Array }
  | { readonly kind: 'read' }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly recycle: boolean };
