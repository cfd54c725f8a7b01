/** What a test waits for on the page, however long a busy machine takes to draw it. */
import { vi } from 'vitest';

/** @returns what `look` finds, as soon as it finds something */
export async function soon<Found>(look: () => Found): Promise<NonNullable<Found>> {
  return (await vi.waitUntil(look, { timeout: 60_000 })) as NonNullable<Found>;
}
