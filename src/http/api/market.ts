import { z } from 'zod';
import type { Contract as StoredContract } from '../../domain/contract.ts';
import { Fault } from '../../domain/faults.ts';
import { contractId } from '../../domain/ids.ts';
import { type ApiDeps, InvalidInput, type Route, bodyOf, notFound, ok, route } from './route.ts';
import { Allocation, BlueprintSale, Candidate, Contract, Flavor, Sums } from './schemas-market.ts';
import { LISTED, first, firstOf, limit } from './lists.ts';
import { Accepted } from './schemas.ts';

const params = z.object({ id: z.string().min(1).max(253) });
const BUYER = ['ended-by-user', 'operator'] as const;
const SELLER = ['withdrawn-by-seller', 'drained', 'operator'] as const;
const EndRequest = z.strictObject({
  reason: z
    .enum([...new Set([...BUYER, ...SELLER])])
    .optional()
    .describe('`ended-by-user` where we bought, `withdrawn-by-seller` where we sold, when absent.'),
  detail: z.string().max(500).optional(),
  now: z
    .boolean()
    .optional()
    .describe('Where we sold: do not let the notice pass that was agreed on. It is broken, and the audit tells of it.'),
  withoutBuyer: z
    .boolean()
    .optional()
    .describe(
      'Where we sold: do not keep the tenant until the buyer has taken down its own side, which may then hang. Also cuts that wait short for a contract that has ended.',
    ),
});

async function find(id: string, deps: ApiDeps): Promise<StoredContract> {
  const contract = await deps.contracts.get(contractId(id));
  if (!contract) throw notFound(`contract ${id}`);
  return contract;
}

async function end(contract: StoredContract, wanted: z.output<typeof EndRequest>, { processes, audit }: ApiDeps): Promise<void> {
  const { role, terms, acquisition } = contract;
  const allowed: readonly string[] = role === 'seller' ? SELLER : BUYER;
  const reason = wanted.reason ?? (role === 'seller' ? 'withdrawn-by-seller' : 'ended-by-user');
  if (!allowed.includes(reason)) {
    const problem = `must be one of ${allowed.join(', ')}: of contract ${terms.id} we are the ${role}`;
    throw new InvalidInput('BAD_REQUEST', [{ field: 'reason', problem }]);
  }
  const ending = { reason, ...(wanted.detail !== undefined && { detail: wanted.detail }) };
  const { noticeMs } = terms.flavor.terms ?? {};
  const atOnce = wanted.now === true || wanted.withoutBuyer === true;
  if (role === 'seller' && contract.state === 'active' && noticeMs !== undefined && atOnce)
    await audit.record({ kind: 'notice-broken', contract: terms.id, peer: terms.buyer.id, facts: { ...ending, noticeMs } });
  if (role === 'seller' && wanted.withoutBuyer) return await processes.endContract(terms.transaction, ending, 'seller-alone');
  if (contract.state === 'over') return;
  if (role === 'seller')
    await processes.endContract(terms.transaction, ending, noticeMs === undefined || atOnce ? 'seller' : 'seller-with-notice');
  else if (acquisition !== undefined) await processes.releaseAcquisition(acquisition, ending);
  else throw new Fault('CONTRACT_UNKNOWN', `contract ${terms.id} is of no acquisition of ours`, { contract: terms.id });
}

/** What this node sells, is offered, and has agreed on. */
export const marketRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/flavors',
    operationId: 'listFlavors',
    role: 'viewer',
    summary: 'What this node sells now: totals less what is sold and held',
    tag: 'market',
    query: z.object({
      limit: limit.describe(`How many, in the order of the ids under which they were published; ${LISTED.usual} when absent.`),
    }),
    answers: { 200: { description: 'Our own flavors.', schema: firstOf(Flavor) } },
    handle: async ({ query }, { inventory }) => await first(query.limit, inventory.list),
  }),
  route({
    method: 'get',
    path: '/blueprints',
    operationId: 'listBlueprints',
    role: 'viewer',
    summary: 'The blueprints that this node sells instances of: which are on sale, and why others are not',
    tag: 'market',
    query: z.object({ limit: limit.describe(`How many, those of the configuration first; ${LISTED.usual} when absent.`) }),
    answers: {
      200: {
        description:
          'Those of the configuration, and what ServiceBlueprint resources have on sale; why others of these are not, /readyz of `rearguard work` says.',
        schema: firstOf(BlueprintSale),
      },
    },
    handle: async ({ query }, { blueprints }) => await first(query.limit, blueprints.list),
  }),
  route({
    method: 'get',
    path: '/candidates',
    operationId: 'listCandidates',
    role: 'viewer',
    summary: 'What other nodes offered, as last seen',
    tag: 'market',
    query: z.object({ limit: limit.describe(`How many, by node and flavor; ${LISTED.usual} when absent.`) }),
    answers: { 200: { description: 'The Peering Candidates table.', schema: firstOf(Candidate) } },
    handle: async ({ query }, { candidates }) => await first(query.limit, candidates.list),
  }),
  route({
    method: 'get',
    path: '/contracts',
    operationId: 'listContracts',
    role: 'viewer',
    summary: 'The newest contracts, of both roles',
    tag: 'market',
    query: z.object({
      role: z.enum(['buyer', 'seller']).optional(),
      living: z.enum(['true', 'false']).optional().describe('Only those that are not over yet.'),
      limit,
    }),
    answers: { 200: { description: 'Contracts.', schema: firstOf(Contract) } },
    handle: async ({ query }, { contracts }) => {
      const filter = { ...(query.role && { role: query.role }), ...(query.living === 'true' && { living: true }) };
      return await first(query.limit, (most) => contracts.list({ ...filter, ...most }));
    },
  }),
  route({
    method: 'get',
    path: '/contracts/{id}',
    operationId: 'getContract',
    role: 'viewer',
    summary: 'One contract',
    tag: 'market',
    params,
    answers: { 200: { description: 'The contract.', schema: Contract } },
    handle: async ({ params: { id } }, deps) => ok(await find(id, deps)),
  }),
  route({
    method: 'post',
    path: '/contracts/{id}/end',
    operationId: 'endContract',
    role: 'operator',
    summary: 'Ends a contract: withdrawn or drained where we sold it, released where we bought it',
    tag: 'market',
    params,
    body: { schema: EndRequest, required: false },
    answers: { 202: { description: 'It is ending, or over already.', schema: Accepted } },
    problems: [413, 415],
    handle: async ({ params: { id }, body, tell }, deps) => {
      const wanted = await bodyOf(EndRequest, body);
      tell(wanted);
      await end(await find(id, deps), wanted, deps);
      return { status: 202, body: { accepted: true } };
    },
  }),
  route({
    method: 'get',
    path: '/allocations',
    operationId: 'listAllocations',
    role: 'viewer',
    summary: 'What contracts take up here: those that changed last first',
    tag: 'market',
    query: z.object({ released: z.enum(['true', 'false']).optional().describe('Those of contracts that are over, too.'), limit }),
    answers: { 200: { description: 'The Allocations table.', schema: firstOf(Allocation) } },
    handle: async ({ query }, { contracts }) =>
      await first(query.limit, (most) => contracts.allocations({ living: query.released !== 'true', ...most })),
  }),
  route({
    method: 'get',
    path: '/sums',
    operationId: 'getSums',
    role: 'viewer',
    summary: 'What this node has free, held and sold, in sum',
    tag: 'market',
    answers: { 200: { description: 'Sums.', schema: Sums } },
    handle: async (_, { inventory }) => ok(await inventory.sums()),
  }),
];
