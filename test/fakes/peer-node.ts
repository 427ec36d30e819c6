/** What a node of the fake is given, and what it has by itself. */
import type { Dialect } from '../../src/domain/candidate.ts';
import type { Contract, Handover, PeeringCredentials } from '../../src/domain/contract.ts';
import type { Flavor, NodeIdentity } from '../../src/domain/flavor.ts';
import { clusterId } from '../../src/domain/ids.ts';

export interface FakeNode {
  readonly identity: NodeIdentity;
  /** Where it answers, when not at the address that it announces. */
  readonly address?: string;
  readonly dialect?: Dialect;
  readonly flavors?: readonly Flavor[];
  /** Of each blueprint among its flavors; 1 when not given. */
  readonly instances?: number;
  /** What is handed over of a contract; nothing yet (SERVICE_PENDING) when it answers nothing. */
  readonly handover?: (contract: Contract) => Handover | undefined;
  /** Milliseconds; 60 s and a year when not given. */
  readonly holdTtlMs?: number;
  readonly contractLifetimeMs?: number;
  readonly credentials?: () => PeeringCredentials;
}

/** What is handed over where nobody says otherwise. */
export const madeOf = ({ terms }: Contract): Handover => ({
  secret: { username: 'user', password: `made-for-${terms.id}` },
  endpoint: { host: 'service.example', port: 5432 },
});
const KUBECONFIG = `apiVersion: v1
kind: Config
clusters: [{name: seller, cluster: {server: "https://127.0.0.1:6443", certificate-authority-data: Y2E=}}]
users: [{name: buyer, user: {token: fake}}]
contexts: [{name: it, context: {cluster: seller, user: buyer}}]
current-context: it
`;

export const credentialsOf = (node: FakeNode): PeeringCredentials =>
  node.credentials?.() ?? {
    clusterId: node.identity.clusterId ?? clusterId('seller'),
    kubeconfig: Buffer.from(KUBECONFIG).toString('base64'),
  };
