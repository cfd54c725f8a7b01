/** A part of 200 MB over loopback HTTP, as a client reads it. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { Stage } from '../../e2e/api-stage.ts';
import { alternate, type Contender } from '../alternate.ts';
import { atLeast, type Bench, type Findings, type Section } from '../section.ts';

/** Rows of 20 bytes that no codec makes smaller. */
const ROWS = { tiny: 100_000, short: 10_000_000, long: 10_000_000 };
const MB = 1e6;

export const warmRead: Section = {
  name: 'warm-read',
  title: 'Warm read of 200 MB',
  about: 'The bytes of one part over loopback HTTP, from the API and from a stream of Node on the same file.',
  goals: [atLeast('overStream', 1, '≥ 1.0 of a stream of Node')],
  run,
};

async function run(bench: Bench): Promise<Findings> {
  await using stage = await Stage.open();
  const source = join(stage.base, 'lake', 'big.parquet');
  bench.progress('writes the file');
  await writeRandom(source, bench.pick(ROWS));
  const resolved = await stage.post('/v1/resolve', { source: 'lake', path: 'big.parquet' });
  if (resolved.status !== 200) throw new Error(await resolved.text());
  const { file } = (await resolved.json()) as { file: { url: string } };
  const url = new URL(file.url, stage.url).href;
  const { size } = await stat(source);
  await using plain = await serve(source);
  const contenders: readonly Contender[] = [
    { name: 'Parqueue', role: 'ours', run: async () => (await drop(url)) / MB },
    { name: 'stream of Node', role: 'floor', run: async () => (await drop(plain.url)) / MB },
  ];
  const raced = await alternate(bench, { contenders, unit: 'MB', rounds: bench.pick({ tiny: 1, short: 7, long: 15 }) });
  return {
    ...raced.findings,
    figures: { overStream: raced.ratio('Parqueue', 'stream of Node').median },
    notes: [`One part of ${(size / MB).toFixed(0)} MB, read by one client.`],
  };
}

async function writeRandom(path: string, rows: number): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (SELECT random() a, random() b FROM range(${rows})) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
}

async function serve(path: string): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((_request, response) => void createReadStream(path).pipe(response));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

async function drop(url: string): Promise<number> {
  return await new Promise((resolve, reject) => {
    get(url, (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on('end', () => {
        if (response.statusCode === 200) resolve(bytes);
        else reject(new Error(`${url}: ${response.statusCode}`));
      });
      response.on('error', reject);
    }).on('error', reject);
  });
}
