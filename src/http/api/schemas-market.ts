import { z } from 'zod';
import { PERIODS } from '../../domain/money.ts';
import { BLUEPRINT_KINDS, HOSTING_POLICIES } from '../../domain/flavor.ts';
import { RENEWALS } from '../../domain/offer-terms.ts';
import { Jwk, hourly, instant, Ending, Resources, Identity } from './schemas.ts';

/** What the management API answers of flavors, contracts and what they take up. */

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
    offer: z.looseObject({
      kind: z.enum(['k8slice', ...BLUEPRINT_KINDS]),
      name: z.string().optional().describe('Of the blueprint; absent of a slice.'),
    }),
    price: Price.optional(),
    location: z.record(z.string(), z.string()).optional(),
    terms: OfferTerms.optional(),
    owner: Identity,
    available: z.boolean(),
    createdAt: instant,
  })
  .meta({ id: 'Flavor' });

export const BlueprintSale = z
  .object({
    name: z.string(),
    kind: z.enum(BLUEPRINT_KINDS),
    writtenIn: z.enum(['configuration', 'resource']),
    resource: z.string().optional().describe('The ServiceBlueprint resource in which it is written, while there is one.'),
    flavor: z.string().describe('Under which id it is published, once it is.'),
    state: z.enum(['on-sale', 'sold-out', 'not-on-sale']),
    why: z.string().optional().describe('Why nobody can buy one now; of one that is on sale, what is not known of it.'),
    instances: z.int().describe('How many may be sold at a time; 0 of a resource that cannot be read.'),
    free: z.int().describe('How many of these can be bought now.'),
  })
  .meta({ id: 'BlueprintSale', description: 'A blueprint, whether it is on sale, and why not.' });

export const Candidate = z
  .object({
    flavor: Flavor,
    seller: Identity,
    dialect: z.enum(['fluidos', 'rearguard']),
    part: Resources,
    hourly: hourly.optional(),
    latencyMs: z.number().optional(),
    rating: z.number().describe('0 to 1. Nobody is rated yet: 0.5, the neutral one.'),
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
    endedAt: instant.optional().describe('When it was over on this side.'),
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

export const Sums = z
  .object({ free: Resources, held: Resources, sold: Resources, holds: z.int(), flavors: z.int() })
  .meta({ id: 'Sums', description: 'What this node sells, in sum.' });
