/** What the threads of the SQL sections are asked. */
export interface Login {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface ThreadData {
  readonly kind: 'postgres' | 'mysql';
  readonly login: Login;
  /** Of the store; of threads that fill. */
  readonly root: string;
}

/** How rows are dropped. cursor: pg; the others: mysql2. `plain`: rows are arrays, values as they came on the wire. */
export interface Drop {
  readonly by: 'cursor' | 'query' | 'execute';
  readonly plain: boolean;
}

export interface Work {
  readonly sql: string;
  /** null: fills. */
  readonly drop: Drop | null;
}
