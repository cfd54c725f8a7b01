/** What doctor says: one check, what was found, and where that is not right what it means and what to do. */
export type Status = 'ok' | 'note' | 'warn' | 'fail' | 'skipped';

export interface Check {
  /** config, redis, store, cluster, work, or `source NAME`. */
  readonly area: string;
  readonly name: string;
  /** note: worth knowing. warn: works, and will not for ever. fail: something is broken now. */
  readonly status: Status;
  readonly found: string;
  readonly means?: string;
  readonly todo?: string;
}

export interface Advice {
  readonly means: string;
  readonly todo: string;
}

/** The checks of one area, made one after the other. */
export class Checks {
  readonly all: Check[] = [];
  readonly #area: string;
  readonly #tell: (check: Check) => void;

  constructor(area: string, tell: (check: Check) => void) {
    this.#area = area;
    this.#tell = tell;
  }

  ok(name: string, found: string): void {
    this.#add({ area: this.#area, name, status: 'ok', found });
  }

  note(name: string, found: string): void {
    this.#add({ area: this.#area, name, status: 'note', found });
  }

  warn(name: string, found: string, advice: Advice): void {
    this.#add({ area: this.#area, name, status: 'warn', found, ...advice });
  }

  fail(name: string, found: string, advice: Advice): void {
    this.#add({ area: this.#area, name, status: 'fail', found, ...advice });
  }

  skipped(name: string, why: string): void {
    this.#add({ area: this.#area, name, status: 'skipped', found: why });
  }

  #add(check: Check): void {
    this.all.push(check);
    this.#tell(check);
  }
}

/** Map.groupBy, which Node 20 lacks. */
export function grouped<T>(items: readonly T[], by: (item: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(by(item), [...(groups.get(by(item)) ?? []), item]);
  return [...groups.values()];
}
