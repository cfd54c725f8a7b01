/** Obstacles in words: the first few by name, the others counted. A statement may have thousands. */
import type { Obstacle } from './statement.ts';

/** More than this nobody reads, and an answer carries them all. */
export const OBSTACLES_TOLD_MAX = 10;

/** `SYSDATE (reads the clock), SALES@FAR (…) and 3 more`. */
export function tellObstacles(obstacles: readonly Obstacle[]): string {
  const told = obstacles.slice(0, OBSTACLES_TOLD_MAX).map(({ construct, why }) => `${construct} (${why})`);
  const more = obstacles.length - told.length;
  return more > 0 ? `${told.join(', ')} and ${more} more` : told.join(', ');
}
