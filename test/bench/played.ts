/** A section that was played: what came of it, where and when. What the reports and documents are made of. */
import type { Machine } from './machine.ts';
import type { Findings, Scale, Section } from './section.ts';

export interface Judged {
  readonly text: string;
  /** null: not measured at this scale. */
  readonly reached: boolean | null;
}

export interface Played {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly scale: Scale;
  /** ISO 8601. */
  readonly beganAt: string;
  /** How long the section took, set-up included. */
  readonly seconds: number;
  /** Share of the processors that were busy before it began. */
  readonly busy: number;
  readonly machine: Machine;
  readonly findings: Findings;
  readonly goals: readonly Judged[];
}

export type Outcome =
  | { readonly kind: 'found'; readonly findings: Findings }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'ended' };

export function judge(section: Section, { figures }: Findings): readonly Judged[] {
  return section.goals.map(({ text, reached }) => ({ text, reached: reached(figures) }));
}

/** What a section gave must be numbers: NaN would be told as a goal that was missed, and lost in JSON. @returns what is wrong */
export function faultsIn({ figures, measures, ratios = [] }: Findings): readonly string[] {
  const values = [
    ...Object.entries(figures),
    ...measures.map(({ name, value }) => [name, value] as const),
    ...ratios.map(({ ours, over, median }) => [`${ours} over ${over}`, median] as const),
  ];
  const odd = values.filter(([, value]) => !Number.isFinite(value)).map(([name, value]) => `${name} is ${value}`);
  return measures.length === 0 ? ['nothing was measured', ...odd] : odd;
}
