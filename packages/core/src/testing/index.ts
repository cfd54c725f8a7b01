/** Real implementations of the ports in memory, fault injectors and contract suites: for our tests and for yours. */
export * from './memory/redis.ts';
export * from './memory/state.ts';
export * from './memory-store.ts';
