/** A number in [0, 1) by a name: spread without randomness, the same on every host and in every run. */
export function phaseOf(name: string): number {
  // FNV-1a, 32 bits.
  let hash = 2166136261;
  for (const char of name) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16777619) >>> 0;
  return hash / 2 ** 32;
}
