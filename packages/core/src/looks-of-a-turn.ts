/**
 * One look at a head for all who ask for it in one turn of the event loop. It begins when they all have asked, so that each of them hears
 * of everything up to then, as by a look of their own; whoever comes in the next turn has the next one (ADR 0050).
 *
 * A pin is somebody's own, and so is the look that takes it. One that is to be read is noted as read once for all of them.
 */
import type { Heads, Look, LookTarget } from './ports/coordination.ts';
import { endOfTurn } from './model/shared-look.ts';

interface Gathered {
  readonly target: LookTarget;
  readonly look: Promise<Look>;
}

/** @param turnOver when all who ask in this turn have asked */
export function withLooksOfATurn(heads: Heads, turnOver: () => Promise<void> = endOfTurn): Heads {
  const gathered = new Map<string, Gathered>();
  let turn: Promise<void> | null = null;
  const nextTurn = (): Promise<void> =>
    (turn ??= turnOver().then(() => {
      turn = null;
      gathered.clear();
    }));
  return {
    ...heads,
    look(target, wish) {
      if (wish !== 'read') return heads.look(target, wish);
      const known = gathered.get(target.key);
      if (known !== undefined) return isSame(known.target, target) ? known.look : heads.look(target, wish);
      const look = nextTurn().then(() => heads.look(target, wish));
      gathered.set(target.key, { target, look });
      return look;
    },
  };
}

/** A request that is asked again is the same object (remembered-requests.ts); another one may look at other marks. */
function isSame(a: LookTarget, b: LookTarget): boolean {
  return a.scopes === b.scopes && a.probeTargets === b.probeTargets;
}
