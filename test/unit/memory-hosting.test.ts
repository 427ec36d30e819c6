/** The hosting in memory, on which saga tests stand, keeps the rules of the real one. */
import { hostingContract } from '../contracts/hosting.ts';
import { memoryHosting } from '../fakes/hosting.ts';

hostingContract('in memory', async () => ({ hosting: memoryHosting().hosting, timeoutMs: 1_000, close: async () => undefined }));
