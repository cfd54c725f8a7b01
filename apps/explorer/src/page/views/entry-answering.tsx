/** Why an entry is answered as it is: the verdict, the age against the policy, the server's own reasons, the ticks. */
import type { DatasetDetails, Explanation } from '@parqueue/client';
import { useNow } from '../clock.ts';
import { Section } from '../parts/section.tsx';
import { AgeBar } from '../plots/age-bar.tsx';
import { judge, tickLines, tickName, type Verdict } from '../text/verdict.ts';

interface AnsweringProps {
  readonly explanation: Explanation;
  readonly policy: DatasetDetails['freshness'] | null;
}

const TONES: Readonly<Record<Verdict, string>> = { answered: 'good', behind: 'good', checked: 'calm', loaded: 'warn' };

export function Answering({ explanation, policy }: AnsweringProps) {
  const time = useNow();
  const ageMs = Math.max(0, time - Date.parse(explanation.head.verifiedAt));
  const wholeAgeMs = Math.floor(ageMs / 1_000) * 1_000;
  const { verdict, sentence, because, byAge } = judge(explanation, policy, wholeAgeMs);
  return (
    <Section title="Why it is answered as it is">
      <div class={`verdict verdict-${TONES[verdict]}`}>
        <p class="verdict-sentence">{sentence}</p>
        {because.map((reason) => (
          <p key={reason}>{reason}</p>
        ))}
      </div>
      {policy === null || !byAge ? null : <AgeBar policy={policy} ageMs={wholeAgeMs} />}
      <div class="two">
        <div>
          <h3>In the server’s words</h3>
          <ul class="sentences">
            {explanation.why.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        </div>
        <div>
          <h3>In order of logical time</h3>
          <ol class="ticks">
            {tickLines(explanation.ticks).map(({ name, tick, meaning }) => (
              <li key={name}>
                <code title={String(tick)}>{tickName(tick)}</code>
                <span>
                  <strong>{name}</strong> {meaning}
                </span>
              </li>
            ))}
          </ol>
        </div>
      </div>
    </Section>
  );
}
