/** A thread that makes entries, a range of them each time it is asked. */
import { parentPort, workerData } from 'node:worker_threads';
import { serve } from '../row-thread.ts';
import type { TinyPart } from './entry.ts';
import { openParts, type ClusterPlace } from './open-parts.ts';
import { QuickMaker, type NumberRange } from './quick-maker.ts';

const { place, part } = workerData as { readonly place: ClusterPlace; readonly part: TinyPart };
const { store, coordination, catalog } = await openParts(place, 1);
const maker = new QuickMaker({ store, coordination, catalog, part });
serve<NumberRange>(parentPort, (range) => maker.make(range));
