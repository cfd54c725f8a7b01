/** A batch as the Arrow stream of it alone: what goes from thread to thread, and what WebAssembly takes. */
import { Table, tableFromIPC, tableToIPC, type RecordBatch } from 'apache-arrow';

export class SerialisedBatch {
  readonly ipc: Uint8Array;
  /** Views of `ipc`; undefined where the stream holds no batch. */
  readonly batch: RecordBatch | undefined;

  constructor(ipc: Uint8Array) {
    this.ipc = ipc;
    this.batch = tableFromIPC(ipc).batches[0];
  }
}

export function serialise(batch: RecordBatch): Uint8Array {
  return tableToIPC(new Table([batch]), 'stream');
}
