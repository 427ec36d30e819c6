/** A node's real REAR routes on a real socket, over small doubles of what stands behind them. */
import { randomBytes } from 'node:crypto';
import { notary } from '../../src/adapters/keys/notary.ts';
import type { Dial } from '../../src/adapters/rear-http/dialling.ts';
import { httpPeerKeys } from '../../src/adapters/rear-http/peer-keys.ts';
import type { NodeIdentity } from '../../src/domain/flavor.ts';
import { type AcquisitionId, clusterId, type ContractId, contractOf, type TransactionId, transactionId } from '../../src/domain/ids.ts';
import { type ServerTls, listen } from '../../src/http/listen.ts';
import type { RearOptions, RearPorts } from '../../src/http/rear/ports.ts';
import { rearRoutes } from '../../src/http/rear/routes.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { signerAt } from './keys.ts';
import type { Signer } from '../../src/ports/signer.ts';
import { instanceManifests, instanceValues } from '../../src/domain/blueprint.ts';
import { manifestsAt } from '../../src/domain/hosted.ts';
import { memoryHosting } from './hosting.ts';
import { memoryKnownSigners } from './memory-known-signers.ts';
import { memoryAudit } from './memory-audit.ts';
import { memoryInventory } from './memory-inventory.ts';
import { identityOf, making } from './samples.ts';

export type RearNode = Awaited<ReturnType<typeof rearNode>>;

export async function rearNode(input: {
  readonly name: string;
  readonly clock: Clock;
  readonly options?: Partial<RearOptions>;
  readonly ports?: Partial<RearPorts>;
  readonly requestTimeoutMs?: number;
  readonly tls?: ServerTls;
  /** How it reaches other nodes for their keys; in clear when absent. */
  readonly dial?: Dial;
}) {
  const { clock } = input;
  const peerKeys = httpPeerKeys({ clock, ...(input.dial && { dial: input.dial }) });
  let self: NodeIdentity | undefined = identityOf(input.name, '127.0.0.1:1');
  // Its address, and so its DID, are known once it listens.
  let signs = signerAt('127.0.0.1:1', clock);
  const signer: Signer = {
    get did() {
      return signs.did;
    },
    sign: (bytes) => signs.sign(bytes),
    published: () => signs.published(),
    rotate: (how) => signs.rotate(how),
  };
  const memory = memoryInventory({ clock });
  const knownSigners = memoryKnownSigners({ clock });
  const notaryNow = () => notary({ signer: signs, peerKeys });
  const records = memoryAudit({ clock });
  const hosting = memoryHosting();
  const notices: AcquisitionId[] = [];
  const renewals: (readonly [TransactionId, number])[] = [];
  let issued = 0;

  const sell = async (transaction: TransactionId): Promise<ContractId> => {
    if (self === undefined) throw new Error('not ready');
    const contract = contractOf(transaction);
    const { terms } = await memory.inventory.sell({
      transaction,
      contract,
      seller: self,
      lifetimeMs: 365 * 86_400_000,
      sign: (signed) => notaryNow().sign(signed),
    });
    const { service, flavor } = terms;
    const blueprint = await input.options?.blueprints?.of(flavor);
    const { configuration = {} } = (await memory.inventory.hold(transaction))?.service ?? {};
    if (service && blueprint) {
      const values = () => instanceValues(blueprint, configuration, (length) => 'm'.repeat(length));
      const manifests = (made: ReturnType<typeof values>) =>
        instanceManifests({ manifests: manifestsAt('seller', service.hostingPolicy, blueprint) }, made);
      await hosting.hosting.instantiate({ contract, values, manifests }, { timeoutMs: 1_000 });
    }
    return contract;
  };
  /** What tests replace while the node runs. */
  const hands = {
    purchase: sell,
    issue: async (): Promise<void> => {},
    renewed: (transaction: TransactionId, expiresAt: number): void => void renewals.push([transaction, expiresAt]),
  };

  const ports: RearPorts = {
    inventory: memory.inventory,
    contracts: memory.contracts,
    hosting: hosting.hosting,
    signer,
    peerKeys,
    knownSigners,
    notary: {
      checkBuyer: (input) => notaryNow().checkBuyer(input),
      grantRenewal: (input) => notaryNow().grantRenewal(input),
      signAnew: (signed) => notaryNow().signAnew(signed),
    },
    audit: records.audit,
    clock,
    processes: {
      purchase: ({ transaction }) => hands.purchase(transaction),
      async endContract(transaction, ending) {
        await memory.inventory.giveBack({ contract: contractOf(transaction), ending });
      },
      async noticeOfRenewal(transaction, expiresAt) {
        hands.renewed(transaction, expiresAt);
      },
      async noticeToAcquisition(acquisition) {
        notices.push(acquisition);
      },
    },
    fabric: {
      async issueCredentials() {
        await hands.issue();
        issued += 1;
        const kubeconfig = Buffer.from(`kubeconfig ${issued}`).toString('base64');
        return { clusterId: self?.clusterId ?? clusterId(''), kubeconfig };
      },
    },
    ...input.ports,
  };
  const options: RearOptions = {
    self: () => self,
    newTransaction: () => transactionId(`${randomBytes(16).toString('hex')}-${clock.now()}000000`),
    blueprints: making(),
    holdMs: 60_000,
    legacyHoldMs: 300_000,
    legacyBuyers: true,
    // What most tests say they say unsigned; how a node is by itself, its own tests say.
    policy: { rules: [], otherwise: 'legacy' },
    authorities: [],
    replay: { pastMs: 120_000, futureMs: 60_000 },
    loopbackBuyers: true,
    limitsOf: () => ({ holds: 100 }),
    listMost: 1_000,
    // What a test put on sale is in the next list.
    listAgeMs: 0,
    listAtOnce: false,
    requestsPerSecond: 500,
    bodyLimitBytes: 65_536,
    bodyTimeoutMs: 10_000,
    purchaseWaitMs: 10_000,
    credentialsLifetimeMs: 3_600_000,
    ...input.options,
  };
  const app = rearRoutes(ports, options);
  const server = await listen({
    fetch: (request, bindings) => app.fetch(request, bindings),
    host: '127.0.0.1',
    port: 0,
    requestTimeoutMs: input.requestTimeoutMs ?? 20_000,
    maxConnections: 1_000,
    ...(input.tls && { tls: input.tls }),
  });
  const identity = identityOf(input.name, `127.0.0.1:${server.port}`);
  self = identity;
  signs = signerAt(identity.address, clock);
  return {
    identity,
    routes: app,
    url: `http://127.0.0.1:${server.port}`,
    port: server.port,
    memory,
    hosting,
    audit: records.audit,
    signer,
    knownSigners,
    /** Signs as this node. */
    notary: notaryNow,
    hands,
    sell,
    notices: (): readonly AcquisitionId[] => notices,
    /** Of which later ends its workflows were told. */
    renewals: (): typeof renewals => renewals,
    issued: (): number => issued,
    /** Liqo has, or has not, told our cluster id. */
    setReady(ready: boolean) {
      self = ready ? identity : undefined;
    },
    close: () => server.close(0),
  };
}
