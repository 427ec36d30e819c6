import { z } from 'zod';
import { type OfferTerms, RENEWALS } from '../domain/offer-terms.ts';
import { seconds } from './configuration-fields.ts';

const percent = z.number().min(0).max(100);
const METRIC = 'must be printable and without spaces, at most 100 characters';

/** What a flavor promises besides resources and price. */
export const offerTerms = (words: string) =>
  z
    .strictObject({
      renewal: z
        .strictObject({
          kind: z.enum(RENEWALS).describe('Whether we may still say no to a buyer who asks: `on-request`, or `automatic`.'),
          days: z.number().min(0.00002).max(366).describe('How much longer a contract lives each time.'),
        })
        .optional(),
      noticeSeconds: seconds(31_536_000).optional().describe('How long before we end a contract early its buyer is told.'),
      sla: z
        .strictObject({
          availabilityPercent: percent.optional(),
          latencyMs: z.number().int().min(1).max(60_000).optional(),
          creditPercent: percent.describe('Of the price, forgone where the level is not kept.'),
        })
        .refine(({ availabilityPercent, latencyMs }) => availabilityPercent !== undefined || latencyMs !== undefined, {
          error: 'must state availabilityPercent, latencyMs or both',
        })
        .optional()
        .describe('Declared and signed; nothing measures it.'),
      telemetry: z
        .strictObject({
          metrics: z
            .array(z.string().regex(/^[\x21-\x7e]{1,100}$/, METRIC))
            .min(1)
            .max(50),
          intervalSeconds: seconds(31_536_000),
        })
        .optional()
        .describe('Which metrics the buyer may read, and how often there are new ones. Declared and signed; nothing serves them.'),
    })
    .optional()
    .describe(words);

/** On the wire times are whole seconds, and none is shorter than one. */
const wholeSeconds = (duration: number): number => Math.max(1, Math.round(duration)) * 1_000;

/** As it is offered. */
export function offeredTerms(configured: z.output<ReturnType<typeof offerTerms>>): OfferTerms | undefined {
  if (!configured) return undefined;
  const { renewal, noticeSeconds, sla, telemetry } = configured;
  const terms: OfferTerms = {
    ...(renewal && { renewal: { kind: renewal.kind, forMs: wholeSeconds(renewal.days * 86_400) } }),
    ...(noticeSeconds !== undefined && { noticeMs: wholeSeconds(noticeSeconds) }),
    ...(sla && {
      sla: {
        ...(sla.availabilityPercent !== undefined && { availabilityPercent: sla.availabilityPercent }),
        ...(sla.latencyMs !== undefined && { latencyMs: sla.latencyMs }),
        creditPercent: sla.creditPercent,
      },
    }),
    ...(telemetry && { telemetry: { metrics: telemetry.metrics, intervalMs: wholeSeconds(telemetry.intervalSeconds) } }),
  };
  return Object.keys(terms).length === 0 ? undefined : terms;
}
