/** Sizes, durations, counts and file modes as people write them in the configuration. */
const SIZE_FACTORS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

const DURATION_FACTORS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

export const SIZE_PATTERN = /^([0-9]+(?:\.[0-9]+)?) ?(B|[KMGT]i?B)$/;
export const DURATION_PATTERN = /^([0-9]+(?:\.[0-9]+)?) ?(ms|[smhdw])$/;
export const COUNT_PATTERN = /^[0-9]+(?:\.[0-9]+)?(?:[eE]\+?[0-9]+)?$/;
export const PERCENT_PATTERN = /^([0-9]+(?:\.[0-9]+)?) ?%$/;
export const FILE_MODE_PATTERN = /^0?[0-7]{3}$/;

/** Bytes, or null where the text is no size: `64KiB`, `1.5GB`, `4096`. */
export function parseSize(text: string): number | null {
  return parseCount(text) ?? scaled(SIZE_PATTERN.exec(text), SIZE_FACTORS);
}

/** Milliseconds, or null: `250ms`, `60s`, `10m`, `4h`, `7d`. A bare number has no unit; only `0` needs none. */
export function parseDuration(text: string): number | null {
  return text === '0' ? 0 : scaled(DURATION_PATTERN.exec(text), DURATION_FACTORS);
}

/** A whole number, or null: `1000`, `2e9`. */
export function parseCount(text: string): number | null {
  return COUNT_PATTERN.test(text) ? whole(Number(text)) : null;
}

/** A share from 0 to 1, or null: `10%`. */
export function parsePercent(text: string): number | null {
  const percent = Number(PERCENT_PATTERN.exec(text)?.[1] ?? Number.NaN);
  return percent <= 100 ? percent / 100 : null;
}

/** Permission bits, or null: `0640`. */
export function parseFileMode(text: string): number | null {
  return FILE_MODE_PATTERN.test(text) ? Number.parseInt(text, 8) : null;
}

function scaled(match: RegExpExecArray | null, factors: Readonly<Record<string, number>>): number | null {
  const factor = factors[match?.[2] ?? ''];
  return match === null || factor === undefined ? null : whole(Math.round(Number(match[1]) * factor));
}

function whole(value: number): number | null {
  return Number.isSafeInteger(value) && value >= 0 ? value : null;
}
