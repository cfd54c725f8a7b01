/**
 * A conversion thread that does what its wish's path says, for the tests of the pool. It speaks the real protocol (the
 * built one); only the file is replaced, because no real one can be told to trap, or to be endless.
 */
import { convertWith } from '../dist/conversions/convert.js';

const CHUNK_BYTES = 64 * 1024;

/** An empty module whose only function is `unreachable`. */
const TRAP = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 5, 1, 3, 0, 0, 11],
);

async function trap() {
  const { instance } = await WebAssembly.instantiate(TRAP);
  instance.exports.f();
}

async function* chunksOf([behaviour, count]) {
  for (let at = 0; behaviour === 'endless' || at < Number(count); at += 1) {
    if (behaviour === 'trap-at' && at === Number(count) - 1) await trap();
    if (behaviour === 'fail-at' && at === Number(count) - 1) throw new Error('read error');
    yield new Uint8Array(CHUNK_BYTES).fill(at % 251);
  }
  if (behaviour === 'spin') for (;;);
}

export async function convert(task) {
  await convertWith(async ({ path, bytes }) => {
    const behaviour = path.split(' ');
    if (behaviour[0] === 'trap') await trap();
    if (behaviour[0] === 'exit') process.exit(1);
    return {
      rows: 0,
      rowsTotal: 0,
      memoryBytes: bytes,
      chunks: () => chunksOf(behaviour),
      [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]: async () => undefined,
    };
  }, task);
}
