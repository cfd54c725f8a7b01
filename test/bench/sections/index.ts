/** All sections, in the order in which they run and stand in docs/performance.md. */
import type { Section } from '../section.ts';
import { oracleFill } from './oracle-fill.ts';
import { scale } from './scale.ts';
import { tinyFills } from './tiny-fills.ts';
import { warmRead } from './warm-read.ts';

export const SECTIONS: readonly Section[] = [oracleFill, warmRead, scale, tinyFills];
