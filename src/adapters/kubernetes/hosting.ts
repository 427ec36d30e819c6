import type { Values } from '../../domain/blueprint.ts';
import { Fault, isFault } from '../../domain/faults.ts';
import { type ContractId, contractId, instanceNamespace } from '../../domain/ids.ts';
import type { Manifest } from '../../domain/manifest.ts';
import type { Hosting } from '../../ports/hosting.ts';
import type { Api } from './api.ts';
import { faultOf, isRefused } from './faults.ts';
import { type ServiceObject, endpointOf } from './instance-endpoint.ts';
import { openKinds } from './instance-kinds.ts';
import { notReady } from './instance-ready.ts';
import { KINDS, type Kind, pathOf } from './kinds.ts';
import { OURS, REARGUARD, managed } from './labels.ts';
import { isOurs, stillThere } from './meeting.ts';
import { type KubeObject, type SecretObject, annotation, isGoing, label } from './objects.ts';
import { waitUntil } from './watching.ts';

/** Where an instance's values are kept, in its own namespace. */
const VALUES = { name: 'rearguard-values', field: 'values.json' } as const;
const LOOK_MS = 500;

/** The port Hosting on Kubernetes. */
export function kubernetesHosting(api: Api): Hosting {
  const kindsOf = openKinds(api);
  const placeOf = async (contract: ContractId): Promise<KubeObject | undefined> => {
    const there = await api.get(KINDS.namespace, { name: instanceNamespace(contract) });
    return there && isOurs(there) && label(there, OURS.contract) === contract ? there : undefined;
  };
  return {
    async instantiate({ contract, values, manifests }, wait) {
      const namespace = instanceNamespace(contract);
      await ensurePlace(api, contract);
      const kept = await keep(api, namespace, values);
      const placed = manifests(kept).map((manifest) => inPlace(manifest, namespace, contract));
      const applied: { readonly manifest: Manifest; readonly kind: Kind }[] = [];
      for (const manifest of placed) {
        try {
          const kind = await kindsOf(manifest);
          await api.apply(manifest, kind);
          applied.push({ manifest, kind });
        } catch (error) {
          throw withoutValues(error, kept);
        }
      }
      await waitUntil({
        api,
        // What is made of the manifests changes with its pods; the rest is asked for.
        looks: [{ kind: KINDS.pod, namespace }],
        async read(_seen, say, again) {
          const left: string[] = [];
          for (const { manifest, kind } of applied) {
            const { name } = manifest.metadata;
            const why = notReady(manifest, await api.get(kind, { namespace, name }));
            if (why !== undefined) left.push(`${manifest.kind} ${name} ${why}`);
          }
          if (left.length === 0) return true;
          say(left.join('; '));
          again(Date.now() + LOOK_MS);
          return undefined;
        },
        wait,
        late: (last) => new Fault('WORKLOAD_TIMEOUT', `the instance of ${contract} is not ready in time; last seen: ${last}`, { contract }),
      });
      await api.merge(KINDS.namespace, { name: namespace }, { metadata: { annotations: { [OURS.ready]: 'true' } } });
    },
    async look({ contract, secret, endpoint }) {
      const namespace = instanceNamespace(contract);
      const place = await placeOf(contract);
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
    async remove({ contract }, wait) {
      const name = instanceNamespace(contract);
      const place = await placeOf(contract);
      if (!place) return;
      if (!isGoing(place)) await api.remove(KINDS.namespace, { name });
      await waitUntil({
        api,
        looks: [{ kind: KINDS.namespace, name }],
        read([namespaces = []], say) {
          const [left] = namespaces;
          if (!left || left.metadata.uid !== place.metadata.uid) return true;
          say(`namespace ${name} is going`);
          return undefined;
        },
        wait,
        late: (last) => stillThere(`the instance of ${contract}`, last),
      });
    },
    async instances() {
      const { items } = await api.list(KINDS.namespace, { labels: `${OURS.managedBy}=${REARGUARD},${OURS.contract}` });
      return items.flatMap((space) => {
        const contract = contractId(label(space, OURS.contract) ?? '');
        return space.metadata.name === instanceNamespace(contract) ? [contract] : [];
      });
    },
  };
}

async function ensurePlace(api: Api, contract: ContractId): Promise<void> {
  const name = instanceNamespace(contract);
  const manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { ...managed, [OURS.contract]: contract } } };
  try {
    await api.raw('POST', `${pathOf(KINDS.namespace)}?fieldManager=${REARGUARD}`, manifest);
    return;
  } catch (error) {
    if (!isRefused(error, 409)) throw faultOf(error, `create namespace ${name}`);
  }
  const there = await api.get(KINDS.namespace, { name });
  if (!there || isGoing(there)) throw new Fault('STILL_THERE', `namespace ${name} is on its way out`, { contract });
  if (!isOurs(there) || label(there, OURS.contract) !== contract)
    throw new Fault('CLUSTER_REFUSED', `namespace ${name} is there already and not this contract's`, { contract });
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

/** Whatever a manifest says of it: in the contract's namespace, under its labels. */
const inPlace = (manifest: Manifest, namespace: string, contract: ContractId): Manifest => ({
  ...manifest,
  metadata: { ...manifest.metadata, namespace, labels: { ...manifest.metadata.labels, ...managed, [OURS.contract]: contract } },
});

/** Shorter ones are nobody's secret, and stand in every sentence. */
const SHORTEST = 4;
/** API servers quote what they refuse, as it is or as Go writes it, and our own words end somewhere. */
function withoutValues(error: unknown, values: Values): unknown {
  if (!isFault(error) || error.code !== 'CLUSTER_REFUSED') return error;
  let words = error.message;
  for (const value of Object.values(values)
    .map(String)
    .filter(({ length }) => length >= SHORTEST)) {
    for (const written of [value, JSON.stringify(value).slice(1, -1)]) {
      words = words.replaceAll(written, '…');
      for (let length = written.length - 1; length >= SHORTEST; length -= 1)
        if (words.endsWith(written.slice(0, length))) words = `${words.slice(0, -length)}…`;
    }
  }
  return new Fault('WORKLOAD_REFUSED', words, {});
}
