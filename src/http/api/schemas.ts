import { z } from 'zod';
import { PHASES } from '../../domain/journal.ts';
import { HOSTING_POLICIES } from '../../domain/flavor.ts';
import { END_REASONS } from '../../domain/end-reasons.ts';

/** What the management API answers, as schemas: the OpenAPI document is generated from them, and tests hold answers against them. */

export const hourly = z.object({ amount: z.string(), currency: z.string() }).describe('An exact decimal per hour.');
export const instant = z.string().describe('RFC 3339.');
const epoch = z.number().describe('Milliseconds since the epoch.');

export const Ending = z.object({ reason: z.enum(END_REASONS), detail: z.string().optional() }).meta({ id: 'Ending' });

export const Resources = z
  .object({ cpu: z.string(), memory: z.string(), pods: z.string(), storage: z.string().optional(), gpu: z.string().optional() })
  .meta({ id: 'Resources', description: 'Kubernetes quantities.' });

export const Jwk = z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() });

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

const cost = z.object({ amount: z.string(), currency: z.string() }).describe('An exact decimal.');
const Used = z.object({
  service: z.string().optional().describe('The service of the intent that it was; absent of a place.'),
  namespace: z.string().optional().describe('At home.'),
  acquisition: z.string().optional(),
  contract: z.string().optional(),
  seller: z.string().optional(),
  node: z.string().optional().describe('The virtual node.'),
  hourly: hourly.optional(),
  from: epoch,
  until: epoch.optional().describe('Absent while it goes on.'),
  cost: z.string().optional().describe('Of one that is over: its price by its time.'),
});

export const IntentStatus = z
  .object({
    name: z.string(),
    phase: z.enum(PHASES),
    state: z.enum(['working', 'in-use', 'ending', 'stuck', 'ended']),
    waitingFor: z.string().optional(),
    since: epoch,
    place: Place.optional().describe('Absent of one that has ended; `used` says where it was.'),
    used: z.array(Used).optional().describe('What it uses and used, in the order of their beginning; of many attempts the last ones only.'),
    cost: z.array(cost).optional().describe('What all that is over has cost, in each currency; of an intent that has ended that is all.'),
    services: z.array(ServiceStatus).optional().describe('Absent when the intent needs none.'),
    ending: Ending.optional(),
    hourly: hourly
      .optional()
      .describe('An exact decimal per hour: of what it holds, in the currency of its place, or else of its first service that costs.'),
    alsoHourly: z.array(hourly).optional().describe('What it costs beside `hourly`, in each other currency; absent when it is nothing.'),
    residue: z.array(z.string()).optional().describe('What stays at sellers that have no message for an end (FLUIDOS nodes), in words.'),
    attempts: z.int().describe('At a place: how many offers were tried to be bought.'),
    serviceAttempts: z.int().optional().describe('The same at services; absent when none was tried.'),
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
  rating: z.number().optional().describe('Absent of those who are not rated, as everybody is yet.'),
  rank: z.int().optional(),
  verdict: z.enum(['open', 'trying', 'held', 'refused', 'failed', 'ended']),
  reasons: z.array(z.string()),
});
const SilentNode = z.object({
  address: z.string(),
  code: z.string(),
  detail: z.string(),
  partly: z.literal(true).optional().describe('It answered, but not all of it could be read.'),
});

export const Plan = z
  .object({
    entries: z.array(PlanEntry),
    silent: z.array(SilentNode).describe('Nodes that did not answer, or of whose answer a part could not be read, and why.'),
  })
  .meta({
    id: 'Plan',
    description:
      'Ranked candidates, and why each was or was not taken: at most 20 and as many refusals, of each seller three before further ones; the journal says how many more there are. Of a node that has something that fits only that is asked for.',
  });

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
  outcome: z.enum(['running', 'done', 'failed', 'stopped']).describe('`stopped`: told to, by whoever wants no more of it.'),
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
export const Retried = Accepted.extend({
  tried: z.int().describe('Of its workflows those that are not over; `0`: nothing is left to undo.'),
}).meta({ id: 'Retried', description: 'What is stuck is tried again at once.' });

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
