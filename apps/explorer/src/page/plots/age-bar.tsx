/** Where an answer stands in its life: what its policy allows at which age, and how old it is now. */
import { placeIn, ZONE_WORDS, zonesOf, type PolicyTimes } from '../text/policy.ts';
import { coarse, duration } from '../text/times.ts';

export function AgeBar({ policy, ageMs }: { readonly policy: PolicyTimes; readonly ageMs: number }) {
  const spans = zonesOf(policy);
  const place = placeIn(spans, ageMs / 1000);
  const current = spans[place.at]?.zone ?? 'checked';
  return (
    <div class="age-bar" role="img" aria-label={`${coarse(ageMs)} old: ${ZONE_WORDS[current]}`}>
      {spans.map(({ zone, fromSeconds, toSeconds }, at) => (
        <div key={zone} class={`zone zone-${zone}${at === place.at ? ' current' : ''}`}>
          <div class="zone-track">
            {at === place.at ? <span class="zone-now" style={{ left: `${place.ratio * 100}%` }} /> : null}
          </div>
          <div class="zone-range">
            {toSeconds === null
              ? fromSeconds === 0
                ? 'at any age'
                : `after ${duration(fromSeconds * 1_000)}`
              : `up to ${duration(toSeconds * 1_000)}`}
          </div>
          <div class="zone-words">{ZONE_WORDS[zone]}</div>
        </div>
      ))}
    </div>
  );
}
