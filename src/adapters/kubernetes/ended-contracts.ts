import { type ClusterId, type ContractId, tenantNamespace } from '../../domain/ids.ts';
import { Fault, isFault } from '../../domain/faults.ts';
import type { Api } from './api.ts';
import { KINDS } from './kinds.ts';
import { OURS } from './labels.ts';
import { annotation } from './objects.ts';

/** The newest so many are remembered: some 20 KiB of the 256 that annotations may have. An older one that comes again is denied by its verdict. */
const MOST = 500;
const MOST_CONFLICTS = 20;

/**
 * Lets a tenant make no slice of a contract any more that we took away: our policy of slices reads this from the tenant's namespace. A buyer's Liqo that lives copies its slice again at once
 * otherwise, and Liqo here would sign a certificate for it each time. `tell` comes before that is written, and only then: what stands there was told.
 */
export async function keepOut(
  api: Api,
  { buyer, contract }: { readonly buyer: ClusterId; readonly contract: ContractId },
  tell: () => Promise<void>,
): Promise<void> {
  const name = tenantNamespace(buyer);
  let isTold = false;
  for (let conflicts = 0; ; conflicts += 1) {
    const place = await api.get(KINDS.namespace, { name });
    if (!place) return;
    const ended = (annotation(place, OURS.ended) ?? '').split(' ').filter((each) => each !== '');
    if (ended.includes(contract)) return;
    if (!isTold) await tell();
    isTold = true;
    const annotations = { [OURS.ended]: [...ended, contract].slice(-MOST).join(' ') };
    try {
      await api.merge(KINDS.namespace, { name }, { metadata: { annotations, resourceVersion: place.metadata.resourceVersion } });
      return;
    } catch (error) {
      // Somebody wrote it meanwhile.
      if (!isFault(error) || error.facts['status'] !== 409) throw error;
      if (conflicts >= MOST_CONFLICTS) throw new Fault('CLUSTER_UNREACHABLE', `namespace ${name}: others write it all the time`);
    }
  }
}
