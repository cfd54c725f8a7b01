/** What the section says to the process that asks, and what that one answers. */

/** Many connections, each of which asks again as soon as it is answered. */
export interface Load {
  readonly url: string;
  /** Of POST /v1/resolve, in turns. */
  readonly bodies: readonly string[];
  readonly connections: number;
  /** Not counted: connections are opened, code is compiled. */
  readonly warmUpMs: number;
  readonly ms: number;
}

export type FromLoad =
  | { readonly kind: 'began' }
  | {
      readonly kind: 'over';
      readonly answers: number;
      readonly seconds: number;
      readonly p50Ms: number;
      readonly p99Ms: number;
    }
  | { readonly kind: 'failed'; readonly reason: string };
