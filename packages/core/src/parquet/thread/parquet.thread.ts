/**
 * The thread that writes and reads Parquet files for another one, which has the rows: encoding, hashing and writing take
 * place beside the work of getting them, and a WebAssembly trap ends nobody else. Several files at once; each has a
 * port of its own.
 */
import { parentPort } from 'node:worker_threads';
import { tableFromIPC } from 'apache-arrow';
import { ParqueueError, toFailure } from '../../model/errors.ts';
import { openConversion } from '../conversion.ts';
import { SerialisedBatch } from '../serialised-batch.ts';
import { writeParquetFile } from '../writer.ts';
import { BatchInbox } from './batch-inbox.ts';
import type { FileTask, FromThread, ToThread } from './protocol.ts';

type WriteTask = Extract<FileTask, { kind: 'write' }>;
type ReadTask = Extract<FileTask, { kind: 'read' }>;

parentPort?.on('message', (task: FileTask) => {
  void serve(task);
});

async function serve(task: FileTask): Promise<void> {
  const { port } = task;
  const send = (message: FromThread, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
  try {
    if (task.kind === 'write') await write(task, send);
    else await read(task, send);
  } catch (error) {
    const failure = toFailure(error);
    const trapped =
      (error instanceof Error && error.name === 'RuntimeError') || failure.details?.['recycleThread'] === true;
    send({ kind: 'failed', failure, recycle: trapped });
  } finally {
    port.close();
  }
}

type Send = (message: FromThread, transfer?: ArrayBuffer[]) => void;

async function write(task: WriteTask, send: Send): Promise<void> {
  const stop = new AbortController();
  const inbox = new BatchInbox<SerialisedBatch>(() => send({ kind: 'next' }), stop.signal);
  task.port.on('message', (message: ToThread) => {
    switch (message.kind) {
      case 'batch':
        return inbox.put(new SerialisedBatch(message.ipc));
      case 'end':
        return inbox.end();
      case 'stop':
        return stop.abort(ParqueueError.from(message.failure));
      default:
        message satisfies never;
    }
  });
  const { schema } = tableFromIPC(task.schema);
  const { rows, bytes, sha256, footer } = await writeParquetFile(task.path, schema, inbox, {
    parquet: task.parquet,
    signal: stop.signal,
    rowsMax: task.rowsMax,
    bytesMax: task.bytesMax,
    onProgress: (progress) => send({ kind: 'progress', ...progress }),
  });
  send({ kind: 'written', file: { rows, bytes, sha256, columns: footer.columns } });
}

async function read({ path, bytes }: ReadTask, send: Send): Promise<void> {
  const whole = { columns: null, offset: 0, limit: null, numbers: 'exact' } as const;
  await using conversion = await openConversion({ path, bytes, format: 'arrow', ...whole });
  for await (const chunk of conversion.chunks()) send({ kind: 'piece', ipc: chunk }, [chunk.buffer]);
  send({ kind: 'read' });
}
