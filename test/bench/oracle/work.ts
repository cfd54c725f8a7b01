/** What the threads of the Oracle section are asked. */
export interface ThreadData {
  readonly connectString: string;
  /** Of the store. */
  readonly root: string;
}

/** drop: rows as the driver gives them. drop-as-selected: as Parqueue has it select and fetch them. fill: into `root`. */
export interface Work {
  readonly kind: 'drop' | 'drop-as-selected' | 'fill';
  readonly table: string;
  /** Sessions of a fill. */
  readonly sessions: number;
}
