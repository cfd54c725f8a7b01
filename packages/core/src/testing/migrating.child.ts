/**
 * Opens a store of an older format in a process of its own, and stops for ever before one step of the filesystem: where
 * whoever started it kills it. Says `reached` then, or `opened` where it never came to that step.
 */
import { nodeFiles } from '../store/files.ts';
import { openStore } from '../store/open-store.ts';
import { FaultyFiles, type FaultPoint } from './faulty-files.ts';

const [root = '', point = '{}'] = process.argv.slice(2);
const files = new FaultyFiles(nodeFiles);
const gate = files.gate(JSON.parse(point) as FaultPoint);
// Beside the store's own work, which goes on waiting.
void gate.reached.then(() => process.send?.('reached'));
// A claim of one that was killed is waited for, and nobody has to wait that long here.
await openStore({ root, fileMode: 0o640, files, sleep: async () => undefined });
process.send?.('opened');
process.disconnect();
