import type { Handover } from '../../domain/contract.ts';
import { Fault, isFault } from '../../domain/faults.ts';
import { type AcquisitionId, OWN_NAMESPACE } from '../../domain/ids.ts';
import type { Manifest } from '../../domain/manifest.ts';
import type { Cluster } from '../../ports/cluster.ts';
import { ACCOUNT } from './account-manifests.ts';
import type { Api } from './api.ts';
import { faultOf, isRefused } from './faults.ts';
import { KINDS, pathOf } from './kinds.ts';
import { OURS, REARGUARD, managed } from './labels.ts';
import { isOurs, stillThere } from './meeting.ts';
import { type KubeObject, isGoing, label } from './objects.ts';

/** The Secret that a workload mounts to use a bought service. */
export function serviceSecret(input: {
  readonly namespace: string;
  readonly service: string;
  readonly acquisition: AcquisitionId;
  readonly handover: Pick<Handover, 'secret' | 'endpoint'>;
}): Manifest {
  const { namespace, service, acquisition, handover } = input;
  const { secret, endpoint } = handover;
  const values = { ...(endpoint && { host: endpoint.host, port: String(endpoint.port) }), ...secret };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: service, namespace, labels: { ...managed, [OURS.service]: service, [OURS.acquisition]: acquisition } },
    type: 'Opaque',
    data: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
  };
}

/** The run of an intent whose attempt it is: two intents may share a namespace of their user's. */
const runOf = (acquisition: string | undefined): string | undefined => acquisition?.replace(/-\d+$/, '');

/** Our account is let in there for other things. */
const NO_SERVICES: ReadonlySet<string> = new Set([OWN_NAMESPACE, 'liqo']);

/** Secrets with these labels, in a namespace where it is known; else wherever we may look. */
async function secretsOf(api: Api, labels: string, namespace?: string): Promise<readonly KubeObject[]> {
  try {
    return (await api.list(KINDS.secret, { ...(namespace !== undefined && { namespace }), labels })).items;
  } catch (error) {
    if (namespace !== undefined || !isFault(error) || error.facts['status'] !== 403) throw error;
  }
  const { items } = await api.list(KINDS.roleBinding, { labels: `${OURS.managedBy}=${REARGUARD}` });
  const open = items.filter(({ metadata }) => metadata.name === ACCOUNT).map(({ metadata }) => metadata.namespace ?? '');
  const found: KubeObject[] = [];
  for (const each of open.filter((space) => !NO_SERVICES.has(space)))
    found.push(...(await api.list(KINDS.secret, { namespace: each, labels })).items);
  return found;
}

/** What is handed over of bought services. */
export const handoverCalls = (api: Api): Pick<Cluster, 'handOver' | 'takeBack'> => ({
  async handOver(input) {
    const { namespace, service: name, acquisition } = input;
    const there = await api.get(KINDS.secret, { namespace, name });
    if (there && (!isOurs(there) || label(there, OURS.service) !== name))
      throw new Fault('CLUSTER_REFUSED', `Secret ${name} is there already in ${namespace}, and of no service`, { namespace, name });
    if (there && runOf(label(there, OURS.acquisition)) !== runOf(acquisition))
      throw new Fault('CLUSTER_REFUSED', `Secret ${name} in ${namespace} is the service of another intent`, { namespace, name });
    if (there && isGoing(there)) throw stillThere(`Secret ${name} in ${namespace}`, 'on its way out');
    await api.apply(serviceSecret(input));
  },

  async takeBack({ acquisition, namespace: only }) {
    for (const { metadata } of await secretsOf(api, `${OURS.acquisition}=${acquisition},${OURS.service}`, only)) {
      const { name, namespace = '', resourceVersion } = metadata;
      try {
        // Only what was looked at: another acquisition of the service may have written it anew since.
        await api.raw('DELETE', pathOf(KINDS.secret, { namespace, name }), { preconditions: { resourceVersion } });
      } catch (error) {
        if (isRefused(error, 404)) continue;
        if (isRefused(error, 409)) throw stillThere(`Secret ${name} in ${namespace}`, 'it has changed');
        throw faultOf(error, `delete Secret ${namespace}/${name}`);
      }
    }
  },
});
