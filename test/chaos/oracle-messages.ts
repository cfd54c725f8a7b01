/** What the swarm and the process of its Oracle-protocol database say to each other. */
export const ORACLE_LOGIN = { user: 'APP', password: 'correct horse battery', service: 'PARQ' } as const;

export type ToOracle =
  | { readonly kind: 'start'; readonly port: number }
  /** The listener and all sessions; the tables stay. */
  | { readonly kind: 'down' }
  | { readonly kind: 'count'; readonly fragment: string };

export interface FromOracle {
  readonly kind: 'done';
  readonly executions: number;
}
