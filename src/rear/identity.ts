import type { NodeIdentity } from '../domain/flavor.ts';
import { clusterId, nodeId } from '../domain/ids.ts';
import { omitEmpty } from './json.ts';
import { goObject, strictText } from './reading.ts';

/**
 * `host:port`, `host`, `[v6]:port`: what may stand in REAR's `IP`. Nothing else, so that an address can neither carry a path nor a user.
 * It may be missing, as in a buyer's identity; whoever needs it checks.
 */
export const ADDRESS = /^(?:\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9](?:[-A-Za-z0-9._]{0,252}))(?::\d{1,5})?$/;

/** What may be a node's id or domain: printable, and short enough for a row. */
const NAME = /^[\x21-\x7e]{0,253}$/;
/** Liqo's rule for cluster ids: a DNS label. */
const CLUSTER = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

const name = strictText.refine((value) => NAME.test(value), 'not a name');

/**
 * NodeIdentity. The specification spells `nodeId` and `ip` (8.4 of our notes, `node-identity`), its CRs `nodeID`; a FLUIDOS node `ID` and `IP`.
 * The kubeconfig that FLUIDOS buyers send along is dropped here: it opens their cluster, and nothing of ours may keep it.
 */
export const identity = goObject(
  {
    ID: name,
    IP: strictText.refine((value) => value === '' || ADDRESS.test(value), 'not host:port'),
    domain: name,
    additionalInformation: goObject({ liqoID: strictText.refine((value) => value === '' || CLUSTER.test(value), 'not a cluster id') }),
  },
  { nodeId: 'ID' },
).transform(
  ({ ID, IP, domain, additionalInformation: { liqoID } }): NodeIdentity => ({
    id: nodeId(ID),
    address: IP,
    domain,
    ...(liqoID === '' ? {} : { clusterId: clusterId(liqoID) }),
  }),
);

export const writeIdentity = ({ id, address, domain, clusterId }: NodeIdentity): object => ({
  ID: id,
  IP: address,
  domain,
  ...omitEmpty('additionalInformation', omitEmpty('liqoID', clusterId)),
});
