import type { Values } from '../../domain/blueprint.ts';
import { Fault } from '../../domain/faults.ts';
import { type ContractId, contractId, instanceNamespace } from '../../domain/ids.ts';
import type { Hosting } from '../../ports/hosting.ts';
import type { Api } from './api.ts';
import { faultOf, isRefused } from './faults.ts';
import { hostedCalls } from './hosted.ts';
import { type ServiceObject, endpointOf } from './instance-endpoint.ts';
import { type Place, ensurePlace, findPlace, openMaking, removePlace } from './instance-making.ts';
import { KINDS, pathOf } from './kinds.ts';
import { OURS, REARGUARD, managed } from './labels.ts';
import { type SecretObject, annotation, isGoing, label } from './objects.ts';

/** Where an instance's values are kept, in its own namespace. */
const VALUES = { name: 'rearguard-values', field: 'values.json' } as const;

const placeOf = (contract: ContractId): Place => ({
  name: instanceNamespace(contract),
  owner: { key: OURS.contract, id: contract },
  words: contract,
  facts: { contract },
});

/** The port Hosting on Kubernetes. */
export function kubernetesHosting(api: Api): Hosting {
  const make = openMaking(api);
  return {
    ...hostedCalls(api, make),
    async instantiate({ contract, values, manifests }, wait) {
      const place = placeOf(contract);
      await ensurePlace(api, place);
      const kept = await keep(api, place.name, values);
      await make(place, manifests(kept), Object.values(kept).map(String), wait);
      await api.merge(KINDS.namespace, { name: place.name }, { metadata: { annotations: { [OURS.ready]: 'true' } } });
    },
    async look({ contract, secret, endpoint }) {
      const namespace = instanceNamespace(contract);
      const place = await findPlace(api, placeOf(contract));
      if (!place || isGoing(place)) return undefined;
      const values = await keptValues(api, namespace);
      if (!values) return undefined;
      const mounted = await api.get<SecretObject>(KINDS.secret, { namespace, name: secret });
      const service = endpoint && (await api.get<ServiceObject>(KINDS.service, { namespace, name: endpoint.service }));
      const at = endpoint && service && endpointOf(service, endpoint, namespace);
      return {
        ready: annotation(place, OURS.ready) === 'true',
        values,
        ...(mounted && {
          secret: Object.fromEntries(
            Object.entries(mounted.data ?? {}).map(([key, text]) => [key, Buffer.from(text, 'base64').toString('utf8')]),
          ),
        }),
        ...(at && { endpoint: at }),
      };
    },
    remove: ({ contract }, wait) => removePlace(api, placeOf(contract), wait),
    async instances() {
      const { items } = await api.list(KINDS.namespace, { labels: `${OURS.managedBy}=${REARGUARD},${OURS.contract}` });
      return items.flatMap((space) => {
        const contract = contractId(label(space, OURS.contract) ?? '');
        return space.metadata.name === instanceNamespace(contract) ? [contract] : [];
      });
    },
  };
}

async function keptValues(api: Api, namespace: string): Promise<Values | undefined> {
  const secret = await api.get<SecretObject>(KINDS.secret, { namespace, name: VALUES.name });
  const text = secret?.data?.[VALUES.field];
  return text === undefined ? undefined : (JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as Values);
}

/** The values that were kept first, these or an earlier try's. */
async function keep(api: Api, namespace: string, values: () => Values): Promise<Values> {
  const before = await keptValues(api, namespace);
  if (before) return before;
  const made = values();
  const data = { [VALUES.field]: Buffer.from(JSON.stringify(made)).toString('base64') };
  const secret = { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata: { name: VALUES.name, namespace, labels: managed }, data };
  try {
    await api.raw('POST', `${pathOf(KINDS.secret, { namespace })}?fieldManager=${REARGUARD}`, secret);
    return made;
  } catch (error) {
    if (!isRefused(error, 409)) throw faultOf(error, `create Secret ${namespace}/${VALUES.name}`);
  }
  const now = await keptValues(api, namespace);
  if (!now) throw new Fault('STILL_THERE', `Secret ${namespace}/${VALUES.name} was there a moment ago`);
  return now;
}
