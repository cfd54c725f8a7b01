/** What a process that publishes is told, and tells. */
export interface PublishOrder {
  /** Its shards are there. */
  readonly folder: string;
  readonly redisUrl: string;
  readonly from: number;
  readonly count: number;
  readonly partBytes: number;
  readonly manifestBytes: number;
}

export interface Published {
  readonly cpuSeconds: number;
}

export const SHARDS = 16;
