import { z } from 'zod';
import { PHASES } from '../../domain/journal.ts';
import { PERIODS } from '../../domain/money.ts';
import { BLUEPRINT_KINDS, HOSTING_POLICIES } from '../../domain/flavor.ts';
import { RENEWALS } from '../../domain/offer-terms.ts';
import { END_REASONS } from '../../domain/reasons.ts';

/** What the management API answers, as schemas: the OpenAPI document is generated from them, and tests hold answers against them. */

export const hourly = z.object({ amount: z.string(), currency: z.string() }).describe('An exact decimal per hour.');
const instant = z.string().describe('RFC 3339.');
const epoch = z.number().describe('Milliseconds since the epoch.');

const Ending = z.object({ reason: z.enum(END_REASONS), detail: z.string().optional() }).meta({ id: 'Ending' });

export const Resources = z
  .object({ cpu: z.string(), memory: z.string(), pods: z.string(), storage: z.string().optional(), gpu: z.string().optional() })
  .meta({ id: 'Resources', description: 'Kubernetes quantities.' });

const Jwk = z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() });

export const PublishedKey = z
  .object({
    kid: z.string().describe('`<DID>#<RFC 7638 thumbprint>`.'),
    jwk: Jwk,
    createdAt: instant,
    signsFrom: instant.optional().describe('Of a key that does not sign yet: since when it will.'),
    until: instant.optional().describe('Of a key that another one follows: until when its signatures count.'),
  })
  .meta({ id: 'PublishedKey' });

export const Identity = z
  .object({ id: z.string(), address: z.string(), domain: z.string(), clusterId: z.string().optional() })
  .meta({ id: 'Identity' });

const Place = z.union([
  z.object({ kind: z.literal('local'), namespace: z.string() }),
  z.object({
    kind: z.literal('remote'),
    namespace: z.string(),
    acquisition: z.string(),
    contract: z.string(),
    seller: z.string(),
    node: z.string().describe('The virtual node.'),
  }),
]);

const ServiceStatus = z.object({
  name: z.string().describe('Also the name of its Secret.'),
  state: z
    .enum(['wanted', 'held', 'over'])
    .describe('`wanted`: nobody holds it for the intent, yet or any more · `held`: its Secret is there · `over`: the intent ends.'),
  namespace: z.string().describe('In which its Secret lies.'),
  acquisition: z.string().optional(),
  contract: z.string().optional(),
  seller: z.string().optional(),
  hosting: z.enum(HOSTING_POLICIES).optional(),
});

export const IntentStatus = z
  .object({
    name: z.string(),
    phase: z.enum(PHASES),
    state: z.enum(['working', 'in-use', 'ending', 'stuck', 'ended']),
    waitingFor: z.string().optional(),
    since: epoch,
    place: Place.optional(),
    services: z.array(ServiceStatus).optional().describe('Absent when the intent needs none.'),
    ending: Ending.optional(),
    hourly: hourly.optional(),
    residue: z.array(z.string()).optional().describe('What stays at sellers that have no message for an end (FLUIDOS nodes), in words.'),
    attempts: z.int(),
    startedAt: epoch,
    endedAt: epoch.optional(),
  })
  .meta({ id: 'IntentStatus' });

const PlanEntry = z.object({
  service: z.string().optional().describe('The service of the intent for which it was looked at; absent when it was for the place.'),
  flavorId: z.string(),
  seller: z.string(),
  hourly: hourly.optional(),
  latencyMs: z.number().optional(),
  rating: z.number().optional(),
  rank: z.int().optional(),
  verdict: z.enum(['open', 'trying', 'held', 'refused', 'failed', 'ended']),
  reasons: z.array(z.string()),
});
const SilentNode = z.object({ address: z.string(), code: z.string(), detail: z.string() });

export const Plan = z
  .object({ entries: z.array(PlanEntry), silent: z.array(SilentNode).describe('Nodes that did not answer, and why.') })
  .meta({ id: 'Plan', description: 'Ranked candidates, and why each was or was not taken.' });

const JournalEntry = z.object({
  step: z.string(),
  phase: z.enum(PHASES),
  direction: z.enum(['do', 'undo']),
  side: z
    .enum(['here', 'there'])
    .optional()
    .describe('Of a compensation: what this side can do alone, or what may have to wait for the peer.'),
  startedAt: epoch,
  endedAt: epoch.optional(),
  outcome: z.enum(['running', 'done', 'failed']),
  detail: z.string().optional(),
});

export const Journal = z
  .object({
    workflows: z
      .array(z.object({ workflowId: z.string(), lines: z.array(JournalEntry) }))
      .describe('The intent first, then its acquisitions.'),
    unread: z.array(z.string()).describe('Workflows whose journal could not be read at the moment.'),
  })
  .meta({ id: 'Journal', description: 'Steps as they happened, oldest first.' });

export const IntentView = z
  .object({
    status: IntentStatus,
    plan: Plan,
    journal: z.array(JournalEntry),
    document: z.unknown().describe('The Intent as it was given; to viewers without the values of its Secrets.'),
    source: z
      .enum(['workflow', 'projection'])
      .describe('`projection`: what was last written down, since the intent is over or its workflow did not answer.'),
    mark: z.string().optional().describe('Give it back as `after` to wait for what happens next.'),
  })
  .meta({ id: 'Intent' });

export const Created = z
  .object({ name: z.string(), created: z.boolean().describe('`false`: it lived already, with the same document.') })
  .meta({ id: 'Created' });
export const Accepted = z
  .object({ accepted: z.literal(true) })
  .meta({ id: 'Accepted', description: 'The rest goes on; watch the status.' });

const duration = z.int().describe('Milliseconds.');
const OfferTerms = z
  .object({
    renewal: z.object({ kind: z.enum(RENEWALS), forMs: duration }).optional(),
    noticeMs: duration.optional(),
    sla: z.object({ availabilityPercent: z.number().optional(), latencyMs: z.int().optional(), creditPercent: z.number() }).optional(),
    telemetry: z.object({ metrics: z.array(z.string()), intervalMs: duration }).optional(),
  })
  .meta({ id: 'OfferTerms', description: 'What the seller promises besides resources and price; what is absent is not promised.' });

const Price = z.object({ amount: z.string(), currency: z.string(), period: z.enum(PERIODS) });
export const Flavor = z
  .object({
    id: z.string(),
    providerId: z.string(),
    offer: z.looseObject({ kind: z.enum(['k8slice', ...BLUEPRINT_KINDS]) }),
    price: Price.optional(),
    location: z.record(z.string(), z.string()).optional(),
    terms: OfferTerms.optional(),
    owner: Identity,
    available: z.boolean(),
    createdAt: instant,
  })
  .meta({ id: 'Flavor' });

export const Candidate = z
  .object({
    flavor: Flavor,
    seller: Identity,
    dialect: z.enum(['fluidos', 'rearguard']),
    part: Resources,
    hourly: hourly.optional(),
    latencyMs: z.number().optional(),
    rating: z.number(),
    seenAt: instant,
  })
  .meta({ id: 'Candidate' });

const Agreement = z
  .object({
    payload: z.string().describe('Base64url of the terms in canonical JSON (RFC 8785).'),
    signatures: z.array(z.object({ protected: z.string(), header: z.object({ jwk: Jwk }), signature: z.string() })),
  })
  .meta({
    id: 'Agreement',
    description: 'A JWS in general JSON serialization (RFC 7515): the seller’s signature first, then the buyer’s.',
  });

export const Contract = z
  .object({
    terms: z.object({
      id: z.string(),
      transaction: z.string(),
      flavor: Flavor,
      buyer: Identity,
      buyerCluster: z.string(),
      seller: Identity,
      sellerCluster: z.string(),
      resources: Resources.describe('Nothing of an instance of a blueprint.'),
      service: z
        .object({ hostingPolicy: z.enum(HOSTING_POLICIES), configuration: z.record(z.string(), z.unknown()) })
        .optional()
        .describe('Of an instance of a blueprint: how it is configured, without its secrets.'),
      price: Price.optional(),
      startsAt: instant,
      expiresAt: instant,
    }),
    role: z.enum(['buyer', 'seller']),
    state: z.enum(['active', 'ending', 'over']),
    ending: Ending.optional(),
    acquisition: z.string().optional(),
    agreement: Agreement.optional().describe('What the parties signed; absent in lists, and where the other party is a FLUIDOS node.'),
    renewals: z.array(Agreement).optional().describe('Later ends that both signed, oldest first; absent in lists.'),
    notice: z
      .object({ ending: Ending, endsAt: instant })
      .optional()
      .describe('Its seller ends it early, and said so: it lives until then.'),
    renewedUntil: instant.optional().describe('Its end, where that is not the one of its terms any more.'),
  })
  .meta({ id: 'Contract' });

export const Allocation = z
  .object({
    contract: z.string(),
    type: z.enum(['Node', 'VirtualNode']),
    state: z.enum(['inactive', 'active', 'released']),
    resources: Resources,
  })
  .meta({ id: 'Allocation' });

export const KnownNode = z
  .object({
    address: z.string(),
    nodeId: z.string().optional(),
    domain: z.string().optional(),
    clusterId: z.string().optional(),
    dialect: z.enum(['fluidos', 'rearguard']).optional(),
    source: z.enum(['configuration', 'operator']),
    lastSeenAt: instant.optional(),
    lastFault: z.string().optional(),
    pokedAt: instant.optional().describe('When what is stuck was told last that this node answers; absent since it was silent.'),
  })
  .meta({ id: 'KnownNode' });

export const Process = z
  .object({
    workflowId: z.string(),
    type: z.string(),
    startedAt: instant,
    phase: z.string().optional(),
    peer: z.string().optional().describe("Whom it deals with: a node's domain, or its Liqo cluster id."),
    stuck: z.boolean(),
  })
  .meta({ id: 'Process', description: 'An open workflow.' });

export const Sums = z
  .object({ free: Resources, held: Resources, sold: Resources, holds: z.int(), flavors: z.int() })
  .meta({ id: 'Sums', description: 'What this node sells, in sum.' });

export const listOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) });

/** How many rows a list shows, unless it is told otherwise, and at most. */
export const LISTED = { usual: 100, most: 1_000 } as const;
export const limit = z.coerce
  .number()
  .int()
  .min(1)
  .max(LISTED.most)
  .optional()
  .describe(`How many of the newest ones; ${LISTED.usual} when absent.`);
