/** Who runs: each API and worker process tells from time to time that it lives, and chores tell how they ended. */
export interface ProcessRecord {
  readonly id: string;
  readonly role: 'api' | 'worker';
  readonly host: string;
  readonly pid: number;
  /** Release of Parqueue, and of Node.js. */
  readonly version: string;
  readonly node: string;
  readonly url: string;
  /** By the host's clock, ms. */
  readonly startedAtMs: number;
  /** The host's clock minus Redis's, when it was told. */
  readonly skewMs: number;
  /** Section of the configuration → digest of what all processes must agree on there. Holds no secret. */
  readonly config: Readonly<Record<string, string>>;
}

export interface ChoreRecord {
  /** By Redis's clock, ms. */
  readonly finishedAtMs: number;
  readonly by: string;
  /** What it reports of itself where it went well, otherwise the failure's code and message. */
  readonly outcome:
    | { readonly ok: true; readonly report: unknown }
    | { readonly ok: false; readonly code: string; readonly message: string };
}

/** Nothing here decides anything; losing it costs a line in `parqueue doctor`. */
export interface Processes {
  /** Redis's clock, ms. */
  nowMs(): Promise<number>;
  /** Forgotten after `forMs` unless it is told again. */
  tell(record: ProcessRecord, forMs: number): Promise<void>;
  leave(id: string): Promise<void>;
  /** Those that live, by role and host. */
  list(): Promise<readonly ProcessRecord[]>;
  noteChore(chore: string, record: Omit<ChoreRecord, 'finishedAtMs'>): Promise<void>;
  chores(): Promise<Readonly<Record<string, ChoreRecord>>>;
}
