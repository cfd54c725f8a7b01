/** The store's adapter on a filesystem. */
export { openStore, STORE_FORMAT, type FileStore, type OpenStoreOptions } from './open-store.ts';
export { nodeFiles, type FileIdentity, type Files, type OpenedFile } from './files.ts';
