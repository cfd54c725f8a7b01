/** Rows out of the store, in the form that the function gave them. */
import type { Found, InProcess } from '@parqueue/core/in-process';
import { Table, tableToIPC, Timestamp, TimestampMillisecond, TimeUnit, vectorFromArray } from 'apache-arrow';
import { expect, it } from 'vitest';
import { inForm } from './local-answer.ts';
import { TableMemory } from './table-memory.ts';

const found = { answer: { head: {}, look: {}, cache: 'hit' }, pin: { key: 'k', fence: 1 }, manifest: { part: {} } };

async function rowsOf(table: Table): Promise<unknown> {
  let released = 0;
  const inProcess = {
    readArrow: async () => [tableToIPC(table, 'stream')],
    release: async () => void (released += 1),
  } as unknown as InProcess;
  const tools = {
    core: { PIN_TTL_MS: 60_000 },
    inProcess,
    memory: new TableMemory(0),
    signal: new AbortController().signal,
  };
  const rows = await inForm(found as unknown as Found, {}, tools as never);
  expect(released).toBe(1);
  return rows;
}

it('a Date comes back as one; a time of no zone is text, or it would be another instant in each place', async () => {
  const at = new Date('2026-01-01T00:00:00Z');
  const zoned = vectorFromArray([at, null], new Timestamp(TimeUnit.MILLISECOND, 'UTC'));
  const local = vectorFromArray([at, null], new TimestampMillisecond());
  expect(await rowsOf(new Table({ zoned, local }))).toEqual([
    { zoned: at, local: '2026-01-01T00:00:00.000000' },
    { zoned: null, local: null },
  ]);
});
