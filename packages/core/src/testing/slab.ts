/** Bytes as they would have arrived. */
import { Slabs, type Slab } from '../sources/sql/wire/slabs.ts';

export function slabOf(bytes: Uint8Array): Slab {
  const slab = new Slabs().take(bytes.length);
  slab.bytes.set(bytes);
  return slab;
}
