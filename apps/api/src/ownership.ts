/**
 * As whose an entry, a fill or a pin is seen. A record names the dataset whose ask had it loaded; but whoever may ask the
 * same question gets the same bytes, so it is theirs too, and is told under a name of their own: nobody learns which other
 * datasets ask it. Costs no command: from the configuration, and the request where the record has it.
 */
import type { CanonicalRequest } from '@parqueue/core';
import { maySeeEntry, mayUseDataset, type Principal } from './auth.ts';
import type { ApiContext } from './context.ts';

export interface Owned {
  /** As recorded; null: by an ad-hoc question. */
  readonly dataset: string | null;
  /** What was asked. Null: not known, and only datasets that are declared alike are seen to share it. */
  readonly canonical: (() => CanonicalRequest) | null;
}

/** Under which name it is seen; null in it: ad hoc. */
export interface SeenAs {
  readonly dataset: string | null;
}

/** Sees what there is through the eyes of one caller. */
export class Sight {
  readonly #catalog: ApiContext['catalog'];
  readonly #principal: Principal;
  /** The one dataset that is looked at; null: whatever there is. */
  readonly #only: string | null;

  constructor({ catalog }: Pick<ApiContext, 'catalog'>, principal: Principal, only: string | null = null) {
    this.#catalog = catalog;
    this.#principal = principal;
    this.#only = only;
  }

  /** @returns null where the caller may not know of it */
  of({ dataset, canonical }: Owned): SeenAs | null {
    const { askers } = this.#catalog;
    const recorded = dataset === null ? this.#adhoc() : this.#first([dataset, ...askers.alike(dataset)]);
    if (recorded !== null || canonical === null) return recorded;
    const asked = canonical();
    const named = this.#first(askers.datasetsOf(asked));
    if (named !== null) return named;
    // To manage is not to ask: that alone shows what somebody did ask ad hoc.
    const asks = this.#only === null && this.#principal.scopes.has('adhoc') && askers.isAskedAdhoc(asked);
    return asks ? { dataset: null } : null;
  }

  #first(names: readonly string[]): SeenAs | null {
    const own = names.find((name) => this.#isLookedAt(name) && mayUseDataset(this.#principal, name));
    return own === undefined ? null : { dataset: own };
  }

  #adhoc(): SeenAs | null {
    return this.#only === null && maySeeEntry(this.#principal, null) ? { dataset: null } : null;
  }

  #isLookedAt(name: string): boolean {
    return this.#only === null || this.#only === name;
  }
}
