/** The hosting in memory, on which saga tests stand, keeps the rules of the real one. */
import { hostingContract } from '../contracts/hosting.ts';
import { memoryHosting } from '../fakes/hosting.ts';
import { mountedBy } from '../fakes/mounting.ts';

hostingContract('in memory', async () => {
  const { hosting, made, hosted } = memoryHosting();
  return {
    hosting,
    timeoutMs: 1_000,
    async mounted(of) {
      const manifests = 'contract' in of ? made(of.contract) : hosted(of.acquisition);
      return manifests && mountedBy(manifests);
    },
    close: async () => undefined,
  };
});
