import { z } from 'zod';
import { AUDIT_KINDS } from '../../domain/audit.ts';
import { contractId } from '../../domain/ids.ts';
import { PLACES, pageOf, pages } from './lists.ts';
import { type Route, ok, route } from './route.ts';

const Seal = z.object({ seq: z.int(), hash: z.string().describe('SHA-256 of the hash before and this event, base64url.') });

const AuditEvent = z
  .object({
    id: z.int().describe('Grows with time, with gaps.'),
    at: z.string().describe('RFC 3339, to the microsecond.'),
    kind: z.enum(AUDIT_KINDS),
    contract: z.string().optional(),
    peer: z
      .string()
      .optional()
      .describe('The other node, by the id that it gave; where who calls is not proven, the address it called from.'),
    facts: z.record(z.string(), z.unknown()),
    seal: Seal.optional().describe('Absent for the seconds until it is sealed.'),
  })
  .meta({ id: 'AuditEvent' });

const Head = Seal.extend({ at: z.string(), kid: z.string().describe('The key that signed it.') }).meta({ id: 'AuditHead' });

const Verification = z
  .object({
    verdict: z
      .enum(['intact', 'broken', 'unattested', 'unfinished'])
      .describe('`unattested`: the seals fit, and no signed head vouches for all of them; `unfinished`: go on with `after` = `next`.'),
    words: z.string(),
    checked: z.int().describe('The last seal that was compared.'),
    sealed: z.int().describe('The newest seal.'),
    waiting: z.int().describe('Events that are not sealed yet.'),
    heads: z.object({
      count: z.int(),
      first: Head.optional(),
      last: Head.optional(),
      unreadable: z.int().describe('Lines that are no heads, or of keys that count no more.'),
      withdrawn: z
        .int()
        .optional()
        .describe('Of these the heads whose key counts no more, or never was ours: they vouch for nothing. Absent when there are none.'),
    }),
    tampering: z
      .object({
        kind: z
          .enum(['altered', 'removed', 'cut-tail', 'recomputed', 'added', 'forged-head'])
          .describe(
            'An event was changed; one is gone, or its seal; all from some place on are gone; the chain was computed anew; an event was written past the sealing; somebody else signed a head.',
          ),
        seq: z.int().optional().describe('Of the first bad seal.'),
        event: z.int().optional().describe('The first bad event, as far as it can be known.'),
      })
      .optional(),
    next: z.int().optional(),
  })
  .meta({ id: 'Verification' });

const events = pages('audit', PLACES.ofEvent);

/** What happened, and whether the record of it is whole. */
export const auditRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/audit',
    operationId: 'listEvents',
    summary: 'What happened here, newest first',
    role: 'viewer',
    tag: 'audit',
    query: z.strictObject({
      contract: z.string().min(1).max(253).optional(),
      since: z.iso.datetime({ offset: true }).optional().describe('RFC 3339.'),
      ...events.query,
    }),
    answers: { 200: { description: 'Events.', schema: pageOf(AuditEvent) } },
    handle: async ({ query: { contract, since, ...page } }, { audit }) =>
      await events.answer(page, (of) =>
        audit.page({ ...of, ...(contract !== undefined && { contract: contractId(contract) }), ...(since !== undefined && { since }) }),
      ),
  }),
  route({
    method: 'get',
    path: '/audit/verification',
    operationId: 'verifyAudit',
    summary: 'Whether anybody changed, removed, cut or recomputed what happened; reads for five seconds at most',
    role: 'viewer',
    tag: 'audit',
    query: z.object({
      after: z.coerce.number().int().min(0).default(0).describe('The seal after which to begin: `next` of an answer that is unfinished.'),
    }),
    answers: { 200: { description: 'What was found.', schema: Verification } },
    handle: async ({ query: { after } }, { chain }) => ok(await chain.verify({ after })),
  }),
];
