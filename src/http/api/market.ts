import { z } from 'zod';
import type { Contract as StoredContract } from '../../domain/contract.ts';
import { Fault } from '../../domain/faults.ts';
import { contractId } from '../../domain/ids.ts';
import { type ApiDeps, InvalidInput, type Route, bodyOf, notFound, ok, route } from './route.ts';
import { Allocation, BlueprintSale, Candidate, Contract, Flavor, Sums } from './schemas-market.ts';
import { PLACES, pageOf, pages } from './lists.ts';
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

const flavors = pages('flavors', PLACES.byName);
const blueprints = pages('blueprints', PLACES.ofSale);
const candidates = pages('candidates', PLACES.byNames);
const contracts = pages('contracts', PLACES.byTime);
const allocations = pages('allocations', PLACES.byTime);

/** What this node sells, is offered, and has agreed on. */
export const marketRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/flavors',
    operationId: 'listFlavors',
    role: 'viewer',
    summary: 'What this node sells now: totals less what is sold and held, by the ids under which they were published',
    tag: 'market',
    query: z.strictObject(flavors.query),
    answers: { 200: { description: 'Our own flavors.', schema: pageOf(Flavor) } },
    handle: async ({ query }, { inventory }) => await flavors.answer(query, inventory.page),
  }),
  route({
    method: 'get',
    path: '/blueprints',
    operationId: 'listBlueprints',
    role: 'viewer',
    summary: 'The blueprints that this node sells instances of: which are on sale, and why others are not',
    tag: 'market',
    query: z.strictObject(blueprints.query),
    answers: {
      200: {
        description: 'Those of the configuration by name, then those of ServiceBlueprint resources, also what cannot be read.',
        schema: pageOf(BlueprintSale),
      },
    },
    handle: async ({ query }, deps) => await blueprints.answer(query, deps.blueprints.page),
  }),
  route({
    method: 'get',
    path: '/candidates',
    operationId: 'listCandidates',
    role: 'viewer',
    summary: 'What other nodes offered, as last seen, by node and flavor',
    tag: 'market',
    query: z.strictObject(candidates.query),
    answers: { 200: { description: 'The Peering Candidates table.', schema: pageOf(Candidate) } },
    handle: async ({ query }, deps) => await candidates.answer(query, deps.candidates.page),
  }),
  route({
    method: 'get',
    path: '/contracts',
    operationId: 'listContracts',
    role: 'viewer',
    summary: 'Contracts of both roles, newest first',
    tag: 'market',
    query: z.strictObject({
      role: z.enum(['buyer', 'seller']).optional(),
      living: z.enum(['true', 'false']).optional().describe('Only those that are not over yet.'),
      ...contracts.query,
    }),
    answers: { 200: { description: 'Contracts.', schema: pageOf(Contract) } },
    handle: async ({ query: { role, living, ...page } }, deps) => {
      const filter = { ...(role && { role }), ...(living === 'true' && { living: true }) };
      return await contracts.answer(page, (of) => deps.contracts.page({ ...filter, ...of }));
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
    summary: 'What contracts take up here: those of the newest ones first',
    tag: 'market',
    query: z.strictObject({
      released: z.enum(['true', 'false']).optional().describe('Those of contracts that are over, too.'),
      ...allocations.query,
    }),
    answers: { 200: { description: 'The Allocations table.', schema: pageOf(Allocation) } },
    handle: async ({ query: { released, ...page } }, deps) =>
      await allocations.answer(page, (of) => deps.contracts.allocationPage({ living: released !== 'true', ...of })),
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
