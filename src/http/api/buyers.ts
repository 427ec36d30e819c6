import { z } from 'zod';
import { PLACES, pageOf, pages } from './lists.ts';
import { type Route, route } from './route.ts';
import { Identity, Resources, hourly } from './schemas.ts';

const Limits = z
  .object({
    holds: z.int().optional(),
    requestsPerSecond: z.int().optional().describe('In the mean of ten seconds; 0 is no limit.'),
    contracts: z.int().optional(),
    cpu: z.string().optional(),
    memory: z.string().optional(),
    pods: z.string().optional(),
    storage: z.string().optional(),
    gpu: z.string().optional(),
    credit: z.array(hourly).optional(),
  })
  .describe('No limit where nothing is said.');

const Buyer = z
  .object({
    buyer: Identity,
    holds: z.int().describe('Open reservations.'),
    contracts: z.int().describe('Contracts that are not over.'),
    resources: Resources.describe('Reserved and bought together.'),
    hourly: z.array(hourly).describe('What its contracts cost, and its reservations where a credit is set.'),
    limits: Limits,
  })
  .meta({ id: 'Buyer' });

const buyers = pages('buyers', PLACES.byName);

/** Who buys from this node. */
export const buyersRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/buyers',
    operationId: 'listBuyers',
    role: 'viewer',
    summary: 'What each buyer has of this node, and what it may have, by its id',
    tag: 'market',
    query: z.strictObject(buyers.query),
    answers: { 200: { description: 'Buyers with a reservation or a living contract.', schema: pageOf(Buyer) } },
    handle: async ({ query }, { inventory, limitsOf }) =>
      await buyers.answer(query, async (of) => {
        const { items, ...rest } = await inventory.buyers(of);
        return { items: items.map((each) => ({ ...each, limits: limitsOf(each.buyer) })), ...rest };
      }),
  }),
];
