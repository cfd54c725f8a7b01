/** The coordination contract, on the memory port and on a real Redis. */
import { inject } from 'vitest';
import { coordinationContract } from '../testing/coordination-contract.ts';
import { memoryHarness } from '../testing/memory-harness.ts';
import { redisHarness } from '../testing/redis-harness.ts';

coordinationContract('memory', async () => memoryHarness());
coordinationContract('Redis', async () => await redisHarness(`${inject('redisUrl')}/101`));
