/** What is promised with a flavor beyond REAR: the key `terms` beside REAR's own, which a FLUIDOS node passes over. A flavor without such promises is written without it. */
import { z } from 'zod';
import { LONGEST_MS } from '../domain/duration.ts';
import { type OfferTerms, RENEWALS } from '../domain/offer-terms.ts';

/** Whole seconds, since times on the wire are. */
const duration = z.int().min(1_000).max(LONGEST_MS).multipleOf(1_000);
const percent = z.number().min(0).max(100);

/** A promise that cannot be read makes the flavor unreadable: it would be agreed on without being understood. */
export const offerTerms: z.ZodType<OfferTerms> = z.object({
  renewal: z.object({ kind: z.enum(RENEWALS), forMs: duration }).exactOptional(),
  noticeMs: duration.exactOptional(),
  sla: z
    .object({
      availabilityPercent: percent.exactOptional(),
      latencyMs: z.int().min(1).max(60_000).exactOptional(),
      creditPercent: percent,
    })
    .exactOptional(),
  telemetry: z
    .object({
      metrics: z
        .array(
          z
            .string()
            .min(1)
            .max(100)
            .regex(/^[\x21-\x7e]+$/),
        )
        .min(1)
        .max(50),
      intervalMs: duration,
    })
    .exactOptional(),
});

/** In one order, whichever the terms were made in. */
export const writeOfferTerms = (terms: OfferTerms): object => offerTerms.parse(terms);
