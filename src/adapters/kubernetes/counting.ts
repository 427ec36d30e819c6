import { randomBytes } from 'node:crypto';
import { OWN_NAMESPACE } from '../../domain/ids.ts';
import { Fault, isFault } from '../../domain/faults.ts';
import type { Manifest } from '../../domain/manifest.ts';
import type { Api } from './api.ts';
import { faultOf } from './faults.ts';
import { KINDS, pathOf } from './kinds.ts';
import { OURS, REARGUARD, managed } from './labels.ts';
import type { ResourceQuotaObject } from './objects.ts';
import { TENANT_COUNTS } from './tenant-manifests.ts';
import { waitUntil } from './watching.ts';

const PROBE = 'rearguard-probe-';
const LONGEST_MS = 2_000;
/** Older than any that is being asked: whoever made it is gone. */
const LEFT_MS = 60_000;
const probe = (name: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name, namespace: OWN_NAMESPACE, labels: managed },
  spec: { hard: TENANT_COUNTS },
});
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

/** Probes of processes that ended before they took them away. */
async function removeLeft(api: Api): Promise<void> {
  const { items } = await api.list(KINDS.resourceQuota, { namespace: OWN_NAMESPACE, labels: `${OURS.managedBy}=${REARGUARD}` });
  for (const { metadata } of items) {
    const isLeft = metadata.name.startsWith(PROBE) && Date.now() - Date.parse(metadata.creationTimestamp ?? '') > LEFT_MS;
    if (isLeft) await api.remove(KINDS.resourceQuota, { namespace: OWN_NAMESPACE, name: metadata.name });
  }
}

/** By a probe of its own: several processes of a node may ask at once. */
async function ask(api: Api): Promise<boolean> {
  await removeLeft(api);
  const where = { namespace: OWN_NAMESPACE, name: `${PROBE}${randomBytes(4).toString('hex')}` };
  try {
    await api.raw('POST', pathOf(KINDS.resourceQuota, { namespace: OWN_NAMESPACE }), probe(where.name));
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
    // Nobody counts at all, and a quota would bound nothing.
    if (isFault(error) && error.code === 'STILL_THERE') return false;
    throw faultOf(error, 'the probe of quotas');
  } finally {
    await api.remove(KINDS.resourceQuota, where);
  }
}
