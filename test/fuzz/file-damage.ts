/** What befalls a file: bits that turn, ends that are missing, pieces in other places, lengths that lie. */
import fc from 'fast-check';

/** Where to strike: a share of the file, of its last bytes (footers), or of its first ones. */
export interface Place {
  readonly region: 'anywhere' | 'footer' | 'tail' | 'head';
  readonly share: number;
}

export type Damage =
  | { readonly kind: 'flip'; readonly at: Place; readonly bit: number }
  | { readonly kind: 'set'; readonly at: Place; readonly bytes: readonly number[] }
  | { readonly kind: 'cut'; readonly at: Place }
  | { readonly kind: 'append'; readonly bytes: readonly number[] }
  | { readonly kind: 'insert'; readonly at: Place; readonly bytes: readonly number[] }
  | { readonly kind: 'remove'; readonly at: Place; readonly length: number }
  | { readonly kind: 'swap'; readonly at: Place; readonly with: Place; readonly length: number }
  | { readonly kind: 'repeat'; readonly at: Place; readonly length: number; readonly times: number };

/** Lengths that lie: nothing, negative, the greatest of 31, 32 and 63 bits, as plain words and as variable-length integers. */
const LIES = [
  [0x00],
  [0xff],
  [0x7f],
  [0x80],
  [0x00, 0x00, 0x00, 0x00],
  [0xff, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0x7f],
  [0x00, 0x00, 0x00, 0x80],
  [0x00, 0x00, 0x00, 0x40],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xfe, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
];

/** What means something in a text format. */
const TEXTS = [
  '"',
  "'",
  '\n',
  '\r',
  '\r\n',
  ',',
  ';',
  '\\',
  '\0',
  '{',
  '}',
  '[',
  ']',
  ':',
  '-',
  'e',
  '\ufeff',
  '\ud800',
  'NaN',
  '""',
  '1e999',
  '\\u0000',
  '\\ud800',
  '.',
  ' ',
  '0',
];

const place = fc.record<Place>({
  region: fc.constantFrom('anywhere', 'anywhere', 'footer', 'tail', 'head'),
  share: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});

const bytes = fc.oneof(
  fc.constantFrom(...LIES),
  fc.constantFrom(...TEXTS).map((text) => [...Buffer.from(text)]),
  fc.array(fc.nat(255), { minLength: 1, maxLength: 8 }),
);

const damage: fc.Arbitrary<Damage> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('flip' as const), at: place, bit: fc.nat(7) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('set' as const), at: place, bytes }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), at: place }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('append' as const), bytes }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('insert' as const), at: place, bytes }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('remove' as const), at: place, length: fc.integer({ min: 1, max: 64 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('swap' as const),
      at: place,
      with: place,
      length: fc.integer({ min: 1, max: 512 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('repeat' as const),
      at: place,
      length: fc.integer({ min: 1, max: 64 }),
      times: fc.integer({ min: 2, max: 2000 }),
    }),
  },
);

export const damages = fc.array(damage, { minLength: 1, maxLength: 3 });

export function damaged(whole: Buffer, all: readonly Damage[]): Buffer {
  return all.reduce(strike, whole);
}

function strike(file: Buffer, damage: Damage): Buffer {
  switch (damage.kind) {
    case 'flip': {
      const copy = Buffer.from(file);
      const at = offsetOf(damage.at, file);
      if (at < copy.length) copy.writeUInt8((copy[at] ?? 0) ^ (1 << damage.bit), at);
      return copy;
    }
    case 'set': {
      const copy = Buffer.from(file);
      Buffer.from(damage.bytes).copy(copy, offsetOf(damage.at, file));
      return copy;
    }
    case 'cut':
      return file.subarray(0, offsetOf(damage.at, file));
    case 'append':
      return Buffer.concat([file, Buffer.from(damage.bytes)]);
    case 'insert': {
      const at = offsetOf(damage.at, file);
      return Buffer.concat([file.subarray(0, at), Buffer.from(damage.bytes), file.subarray(at)]);
    }
    case 'remove': {
      const at = offsetOf(damage.at, file);
      return Buffer.concat([file.subarray(0, at), file.subarray(at + damage.length)]);
    }
    case 'swap': {
      const [one, other] = [offsetOf(damage.at, file), offsetOf(damage.with, file)].toSorted((a, b) => a - b) as [
        number,
        number,
      ];
      const length = Math.min(damage.length, other - one, file.length - other);
      const copy = Buffer.from(file);
      file.copy(copy, one, other, other + length);
      file.copy(copy, other, one, one + length);
      return copy;
    }
    case 'repeat': {
      const at = offsetOf(damage.at, file);
      const piece = file.subarray(at, at + damage.length);
      return Buffer.concat([
        file.subarray(0, at),
        ...Array.from({ length: damage.times }, () => piece),
        file.subarray(at),
      ]);
    }
    default:
      return damage satisfies never;
  }
}

function offsetOf({ region, share }: Place, file: Buffer): number {
  const { length } = file;
  switch (region) {
    case 'anywhere':
      return Math.floor(share * length);
    case 'head':
      return Math.floor(share * Math.min(length, 256));
    case 'tail':
      return Math.max(0, length - 12) + Math.floor(share * Math.min(length, 12));
    case 'footer': {
      // Both Parquet and Arrow files tell the length of their footer before the mark at their end.
      const told =
        length >= 12 ? file.readUInt32LE(length - (file.toString('latin1', length - 4) === 'PAR1' ? 8 : 10)) : 0;
      const bytes = Math.min(length, told > 0 && told < length ? told + 12 : 64);
      return length - bytes + Math.floor(share * bytes);
    }
    default:
      return region satisfies never;
  }
}
