/** The store's adapter on a filesystem. */
export { openStore, type FileStore, type OpenStoreOptions } from './open-store.ts';
export { StoreCalls, type StoreCallOptions } from './calls.ts';
export { STORE_FORMAT, type StoreIdentity } from './format.ts';
export { readStoreIdentity } from './open-store.ts';
export type { MigrationProgress } from './migrate.ts';
export { StoreReach } from './store-reach.ts';
export { nodeFiles, type FileIdentity, type Files, type OpenedFile } from './files.ts';
