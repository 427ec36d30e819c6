import { OWN_NAMESPACE } from '../../domain/ids.ts';
import { Fault, isFault } from '../../domain/faults.ts';
import type { Manifest } from '../../domain/manifest.ts';
import type { Api } from './api.ts';
import { faultOf, isRefused } from './faults.ts';
import { KINDS, pathOf } from './kinds.ts';
import { managed } from './labels.ts';
import type { ResourceQuotaObject } from './objects.ts';
import { TENANT_COUNTS } from './tenant-manifests.ts';
import { waitUntil } from './watching.ts';

const PROBE = 'rearguard-probe';
const LONGEST_MS = 2_000;
const probe: Manifest = {
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: PROBE, namespace: OWN_NAMESPACE, labels: managed },
  spec: { hard: TENANT_COUNTS },
};
const known = new WeakMap<Api, Promise<boolean>>();

/**
 * Whether Kubernetes counts objects of Liqo's kinds. It looks for new kinds twice a minute, so not right after Liqo was installed; and a quota that it cannot count lets nobody write, for five minutes, an honest
 * buyer neither. So it is asked first, by a quota in our own namespace, where there are no such objects. Once it counts, it does.
 */
export async function isCounted(api: Api): Promise<boolean> {
  const asked = known.get(api) ?? ask(api);
  known.set(api, asked);
  const counted = await asked.catch((error: unknown) => {
    known.delete(api);
    throw error;
  });
  if (!counted) known.delete(api);
  return counted;
}

async function ask(api: Api): Promise<boolean> {
  const where = { namespace: OWN_NAMESPACE, name: PROBE };
  // One that a process left behind was not counted anew.
  await api.remove(KINDS.resourceQuota, where);
  try {
    await api.raw('POST', pathOf(KINDS.resourceQuota, { namespace: OWN_NAMESPACE }), probe);
    return await waitUntil({
      api,
      looks: [{ kind: KINDS.resourceQuota, ...where }],
      read([found = []]) {
        const { hard, used = {} } = (found[0] as ResourceQuotaObject | undefined)?.status ?? {};
        return hard && Object.keys(TENANT_COUNTS).every((each) => each in used);
      },
      wait: { timeoutMs: LONGEST_MS },
      late: (last) => new Fault('STILL_THERE', `nobody counts for a quota: ${last}`),
    });
  } catch (error) {
    // Another process of ours asks at this moment; or nobody counts at all, and a quota would bound nothing.
    if (isRefused(error, 409) || (isFault(error) && error.code === 'STILL_THERE')) return false;
    throw faultOf(error, 'the probe of quotas');
  } finally {
    await api.remove(KINDS.resourceQuota, where);
  }
}
