import { describe, test } from 'vitest';
import { openFileStoreSubject } from '../testing/file-store-subject.ts';
import { storeContract } from '../testing/store-contract.ts';

describe('the store on a filesystem keeps the contract', () => {
  storeContract({ describe, test }, () => openFileStoreSubject());
});
