/** A short word with a tone. The word says it all; the colour only makes it quicker to find. */
import type { ComponentChildren } from 'preact';
import type { Tone } from '../text/work.ts';

export function Tag({
  tone = 'calm',
  title,
  children,
}: {
  readonly tone?: Tone;
  readonly title?: string | undefined;
  readonly children: ComponentChildren;
}) {
  return (
    <span class={`tag tag-${tone}`} title={title}>
      {children}
    </span>
  );
}
