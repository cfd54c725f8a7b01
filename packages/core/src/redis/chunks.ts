/** Long lists in several calls: bounds the time one script holds Redis. */

/** At least one, so that a call without items still compares the marker. */
export function inChunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const count = Math.max(1, Math.ceil(items.length / size));
  return Array.from({ length: count }, (_, i) => items.slice(i * size, (i + 1) * size));
}
