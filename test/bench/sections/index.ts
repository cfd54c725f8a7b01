/** All sections, in the order in which they run and stand in docs/performance.md. */
import type { Section } from '../section.ts';
import { csvFill } from './csv-fill.ts';
import { memory } from './memory.ts';
import { mysqlFill } from './mysql-fill.ts';
import { ndjsonFill } from './ndjson-fill.ts';
import { parquetCopy } from './parquet-copy.ts';
import { oracleFill } from './oracle-fill.ts';
import { parquetEncode } from './parquet-encode.ts';
import { postgresFill } from './postgres-fill.ts';
import { scale } from './scale.ts';
import { stampede } from './stampede.ts';
import { tinyFills } from './tiny-fills.ts';
import { warmCheck } from './warm-check.ts';
import { warmRead } from './warm-read.ts';
import { warmResolve } from './warm-resolve.ts';

export const SECTIONS: readonly Section[] = [
  oracleFill,
  postgresFill,
  mysqlFill,
  parquetEncode,
  parquetCopy,
  csvFill,
  ndjsonFill,
  warmResolve,
  warmRead,
  warmCheck,
  stampede,
  memory,
  scale,
  tinyFills,
];
