/** The store's adapter on a filesystem. */
export { openStore, type FileStore, type OpenStoreOptions } from './open-store.ts';
export { STORE_FORMAT } from './format.ts';
export type { MigrationProgress } from './migrate.ts';
export { nodeFiles, type FileIdentity, type Files, type OpenedFile } from './files.ts';
