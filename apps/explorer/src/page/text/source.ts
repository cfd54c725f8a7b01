/** How a source stands, in a word, and how much waits for it. Pure. */
import type { Source } from '@parqueue/client';
import type { Tone } from './work.ts';

export interface SourceWord {
  readonly word: string;
  readonly tone: Tone;
}

export function wordOf({ paused, cooling, health }: Pick<Source, 'paused' | 'cooling' | 'health'>): SourceWord {
  if (paused) return { word: 'paused', tone: 'warn' };
  if (cooling !== null || health.state === 'cooling') return { word: 'cooling down', tone: 'bad' };
  if (health.state === 'failing') return { word: 'failing', tone: 'bad' };
  if (health.state === 'unknown') return { word: 'not asked yet', tone: 'calm' };
  return { word: 'ok', tone: 'good' };
}

type Standing = Pick<Source, 'name' | 'paused' | 'cooling' | 'health'>;

/** Named in a sentence; there are more in the table below. */
const NAMED = 3;

export function troubledOf<T extends Standing>(sources: readonly T[]): readonly T[] {
  return sources.filter((source) => ['bad', 'warn'].includes(wordOf(source).tone));
}

/** `erp paused, lake failing and 4 more` */
export function standingOf(sources: readonly Standing[]): string {
  if (sources.length === 0) return 'none are configured';
  const troubled = troubledOf(sources);
  if (troubled.length === 0) return 'none is in trouble';
  const named = troubled
    .slice(0, NAMED)
    .map((source) => `${source.name} ${wordOf(source).word}`)
    .join(', ');
  return troubled.length > NAMED ? `${named} and ${troubled.length - NAMED} more` : named;
}

export interface Load {
  readonly waiting: number;
  readonly active: number;
}

export function loadOf({ queues }: Pick<Source, 'queues'>, kind: 'probe' | 'fill'): Load {
  const queue = queues.find((candidate) => candidate.kind === kind);
  if (queue === undefined) return { waiting: 0, active: 0 };
  const { waiting = 0, prioritized = 0, delayed = 0, paused = 0, active = 0 } = queue;
  return { waiting: waiting + prioritized + delayed + paused, active };
}
