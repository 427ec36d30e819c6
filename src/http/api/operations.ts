import { z } from 'zod';
import { canonicalAddress, isNodeAddress } from '../../domain/address.ts';
import { type Route, bodyOf, notFound, ok, route } from './route.ts';
import { listOf } from './lists.ts';
import { Accepted, KnownNode, Process } from './schemas.ts';

const address = z.string().max(300).refine(isNodeAddress, 'must be host:port or https://host:port, the port from 1 to 65535');
const params = z.object({ address });
const NodeRequest = z.strictObject({ address });
const RetryRequest = z.strictObject({ workflowId: z.string().min(1).max(300) });

/** Known nodes and running processes. */
export const operationsRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/nodes',
    operationId: 'listNodes',
    role: 'viewer',
    summary: 'The nodes that are asked for flavors',
    tag: 'nodes',
    answers: { 200: { description: 'Known nodes.', schema: listOf(KnownNode) } },
    handle: async (_, { knownNodes }) => ok({ items: await knownNodes.list() }),
  }),
  route({
    method: 'post',
    path: '/nodes',
    operationId: 'addNode',
    role: 'operator',
    summary: 'Adds a node; one that is known already is success',
    tag: 'nodes',
    body: { schema: NodeRequest, required: true },
    answers: { 200: { description: 'The node.', schema: KnownNode } },
    problems: [413, 415],
    handle: async ({ body, tell }, { knownNodes }) => {
      const node = canonicalAddress((await bodyOf(NodeRequest, body)).address);
      tell({ address: node });
      return ok(await knownNodes.add(node, 'operator'));
    },
  }),
  route({
    method: 'delete',
    path: '/nodes/{address}',
    operationId: 'removeNode',
    role: 'operator',
    summary: 'Asks a node no longer; one of the configuration comes back at the next start',
    tag: 'nodes',
    params,
    answers: { 200: { description: 'It is removed.', schema: Accepted } },
    handle: async ({ params: { address } }, { knownNodes }) => {
      if (!(await knownNodes.remove(canonicalAddress(address)))) throw notFound(`known node ${address}`);
      return ok({ accepted: true });
    },
  }),
  route({
    method: 'get',
    path: '/processes',
    operationId: 'listProcesses',
    role: 'viewer',
    summary: 'Open workflows, the newest 10,000',
    tag: 'processes',
    query: z.object({
      stuck: z.enum(['true', 'false']).optional().describe('Only those with something that cannot be undone at the moment.'),
    }),
    answers: { 200: { description: 'Open workflows.', schema: listOf(Process) } },
    handle: async ({ query: { stuck } }, { processes }) => {
      const open = await processes.open({ stuck: stuck === 'true' });
      return ok({ items: stuck === 'false' ? open.filter((process) => !process.stuck) : open });
    },
  }),
  route({
    method: 'post',
    path: '/processes/retry-teardown',
    operationId: 'retryProcess',
    role: 'operator',
    summary: 'Tries at once again what a workflow could not undo',
    tag: 'processes',
    body: { schema: RetryRequest, required: true },
    answers: { 202: { description: 'It is being tried.', schema: Accepted } },
    problems: [413, 415],
    handle: async ({ body, tell }, { processes }) => {
      const stuck = await bodyOf(RetryRequest, body);
      tell(stuck);
      await processes.retryTeardown(stuck.workflowId);
      return { status: 202, body: { accepted: true } };
    },
  }),
];
