/** Real implementations of the ports in memory, fault injectors and contract suites: for our tests and for yours. */
export * from './memory/redis.ts';
export * from './memory/state.ts';
export * from './memory-store.ts';
export * from './store-contract.ts';
export * from './faulty-files.ts';
export * from './file-store-subject.ts';
export {
  publishGeneration,
  stageGeneration,
  type GenerationWish,
  type StagedGeneration,
  type WritableStore,
} from './store-fixtures.ts';
export { sourceContext, sourceContract, type SourceFixture } from './source-contract.ts';
export * from './freezing-proxy.ts';
