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
