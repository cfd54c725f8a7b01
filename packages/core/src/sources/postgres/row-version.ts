/**
 * The version of a table's rows: `<count>@<16 hex digits>`, a 64-bit digest over the place (ctid) and the inserting
 * transaction (xmin) of every row that the snapshot shows. Why that is enough stands in docs/adr/0023: Postgres never
 * changes a row in place, and a transaction never puts two rows in one place.
 *
 * xmin has 32 bits and comes again after 2^32 transactions; what it counts has 64. Every row that a snapshot shows was
 * written by a transaction below the snapshot's xmax, and nearly always by one of the 2^32 before it, so
 * A = m − ((m − xmin) mod 2^32), m = xmax − 1, is the whole number, the same in every later snapshot. Only of rows older
 * than 2^32 transactions A moves, by 2^32 at a time: a load too many, every four thousand million transactions.
 *
 * XOR does not mind the order, so that scans may run in parallel; A is the seed of the hash of ctid, so that places and
 * transactions that were exchanged between rows do not cancel out. age(xmin) would be faster in one process, but is
 * counted from another base in each parallel worker, and knows no A for the rows of servers before 9.4.
 */
import { qualified, type Ask, type RelationName } from './relations.ts';

/** What is asked for its rows in one query. */
export interface Target extends RelationName {
  /** Of the catalogue: one target, one oid. */
  readonly oid: string;
  /** Partitions and inheriting tables belong to it. */
  readonly withChildren: boolean;
}

/** `m`: the snapshot's xmax less one, as decimal digits. */
export async function rowVersion(ask: Ask, target: Target, m: string): Promise<string> {
  const [row] = await ask(rowVersionQuery(target), [m]);
  return `${row?.[0] ?? '0'}@${(row?.[1] ?? '0').padStart(16, '0')}`;
}

/** $1: m. Nothing newer than Postgres 14 (bit_xor came with it). */
function rowVersionQuery({ withChildren, ...relation }: Target): string {
  const whole = '$1::bigint - (($1::bigint - xmin::text::bigint) & 4294967295)';
  // Two partitions may have a row of one transaction in the same place.
  const seed = withChildren ? `pg_catalog.hashint8extended(${whole}, tableoid::bigint)` : whole;
  return (
    `SELECT pg_catalog.count(*), pg_catalog.to_hex(pg_catalog.bit_xor(pg_catalog.hashtidextended(ctid, ${seed}))) `
    + `FROM ${withChildren ? '' : 'ONLY '}${qualified(relation)}`
  );
}
