import { z } from 'zod';
import { PEER_POLICIES } from '../domain/peer-policy.ts';
import { domain, hostPort, limitFields, seconds } from './configuration-fields.ts';

/** What is asked of one node, or of all of a domain. */
const peer = z
  .strictObject({
    node: z.string().min(1).max(253).optional().describe("A node's id."),
    domain: domain.optional().describe('Its administrative domain, as it says itself.'),
    address: z
      .string()
      .regex(/^(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9][-A-Za-z0-9.]{0,252})(:\d{1,5})?$/, 'must be a host, or host:port')
      .optional()
      .describe('Where it is: `host:port`, or a host with whatever port. With `node`: that id is there and nowhere else.'),
    policy: z
      .enum(PEER_POLICIES)
      .describe('`signed`: it signs. `legacy`: it need not, as a FLUIDOS node cannot. `blocked`: neither sold to nor bought from.'),
    keys: z
      .array(z.string().regex(/^[-\w]{43}$/, "must be a key's thumbprint (RFC 7638), the last 43 characters of its id"))
      .min(1)
      .max(20)
      .optional()
      .describe('Thumbprints of its keys, got from its operator: no other key counts, whatever its address shows.'),
    limits: z
      .strictObject({
        holds: z.number().int().min(1).max(100_000).optional().describe('Open reservations.'),
        requestsPerSecond: z
          .number()
          .int()
          .min(0)
          .max(1_000_000)
          .optional()
          .describe('What it may send, in the mean of ten seconds; 0: no limit.'),
        ...limitFields,
      })
      .optional()
      .describe(
        'What each of them may have of us at a time, limit by limit in place of `rear.maxHoldsPerBuyer` (`holds`), `rear.requestsPerSecondPerBuyer` (`requestsPerSecond`) and `rear.buyerLimits`. With a domain alone only what is less counts: a node says itself of which it is.',
      ),
  })
  .refine(
    ({ node, domain, address }) => node !== undefined || domain !== undefined || address !== undefined,
    'must name a node, a domain or an address',
  );

/** The keys with which this node signs, and whose signatures it asks for. */
export const identity = z.strictObject({
  keyFile: z
    .string()
    .min(1)
    .optional()
    .describe(
      "A file (mode 0600, made at the first start) for this node's Ed25519 keys; all processes of the node must see it. Secret `rearguard/node-keys` of the node's cluster when absent.",
    ),
  policy: z
    .enum(['signed', 'legacy'])
    .default('signed')
    .describe(
      'What is asked of nodes of our own dialect that `identity.peers` does not name: that they sign what they say (RFC 9421), or nothing (`legacy`). FLUIDOS nodes cannot sign: `rear.legacyBuyers` says whether they may buy.',
    ),
  peers: z
    .array(peer)
    .max(10_000)
    .default([])
    .describe('What is asked of single nodes and domains. The first that fits counts, and before all any that blocks.'),
  authorities: z
    .array(hostPort)
    .max(100)
    .default([])
    .describe(
      'Other `host:port` under which nodes reach our REAR listener, a proxy for one: a signed request that names neither these nor `node.address` is not for us.',
    ),
  replaySeconds: seconds(3_600)
    .default(120)
    .describe('How old a signature may be. Half of it is how far its clock may be ahead of ours. Each counts once within that time.'),
});
