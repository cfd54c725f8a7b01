/** Statistics of flags; of lists and maps how many items they have; and of what has no order here nothing but NULLs. */
import { TYPE, type Field } from '../ipc/field.ts';
import type { Vector } from '../ipc/vector.ts';
import { boundsOf } from '../text/values.ts';
import { NOTHING_GATHERED, type Gathered, type Gatherer } from './column-statistics.ts';
import { FloatingNumbers } from './floating-numbers.ts';
import { LengthsSeen } from './lengths-seen.ts';
import { TextsAndBytes } from './texts-and-bytes.ts';
import { WholeNumbers } from './whole-numbers.ts';

export function gathererOf(field: Field): Gatherer {
  switch (field.type.id) {
    case TYPE.Int:
    case TYPE.Decimal:
    case TYPE.Date:
    case TYPE.Time:
    case TYPE.Timestamp:
    case TYPE.Duration:
      return new WholeNumbers(field);
    case TYPE.Float:
      return new FloatingNumbers(field);
    case TYPE.Utf8:
    case TYPE.LargeUtf8:
    case TYPE.Utf8View:
    case TYPE.Binary:
    case TYPE.LargeBinary:
    case TYPE.BinaryView:
    case TYPE.FixedSizeBinary:
      return new TextsAndBytes(field);
    case TYPE.Bool:
      return new Flags();
    case TYPE.List:
    case TYPE.LargeList:
    case TYPE.FixedSizeList:
    case TYPE.ListView:
    case TYPE.LargeListView:
    case TYPE.Map:
      return new Lists();
    default:
      return { add: () => undefined, gathered: () => NOTHING_GATHERED };
  }
}

class Flags implements Gatherer {
  readonly #counts = { false: 0, true: 0 };

  add({ buffers }: Vector, rows: Uint32Array): void {
    const [bits = new Uint8Array(0)] = buffers;
    for (const row of rows) this.#counts[(((bits[row >> 3] ?? 0) >> (row & 7)) & 1) === 1 ? 'true' : 'false'] += 1;
  }

  gathered(): Gathered {
    const seen = Object.entries(this.#counts).filter(([, count]) => count > 0);
    const top = seen.toSorted(([, count], [, other]) => other - count);
    return {
      ...NOTHING_GATHERED,
      distinct: seen.length,
      top: top.map(([value, count]) => ({ value, count, cut: false })),
    };
  }
}

class Lists implements Gatherer {
  readonly #lengths = new LengthsSeen('items');

  add(vector: Vector, rows: Uint32Array): void {
    const bounds = boundsOf(vector);
    for (const row of rows) {
      const [start, end] = bounds(row);
      this.#lengths.add(end - start);
    }
  }

  gathered(): Gathered {
    return { ...NOTHING_GATHERED, lengths: this.#lengths.seen() };
  }
}
