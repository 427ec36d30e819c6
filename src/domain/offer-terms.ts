import { formatDuration } from './duration.ts';

/** `on-request`: the seller may still say no · `automatic`: it promised to go on for as long as the buyer wants, but for those whom it blocks and those to whom it gave notice. */
export const RENEWALS = ['on-request', 'automatic'] as const;

/** What a seller offers with a flavor besides resources and price; in a contract, what was agreed of it. What is absent is not promised. Milliseconds are whole seconds, as times on the wire are. */
export interface OfferTerms {
  /** Whether a contract may be prolonged before it expires, and for how long at a time. */
  readonly renewal?: { readonly kind: (typeof RENEWALS)[number]; readonly forMs: number };
  /** How long before it ends a contract early the seller says so, in milliseconds. */
  readonly noticeMs?: number;
  readonly sla?: ServiceLevel;
  /** Which metrics of what it bought the buyer may read, and how often the seller makes new ones, in milliseconds. */
  readonly telemetry?: { readonly metrics: readonly string[]; readonly intervalMs: number };
}

/** Declared by the seller; what of the price it forgoes where it is not kept, in percent. */
export interface ServiceLevel {
  readonly availabilityPercent?: number;
  readonly latencyMs?: number;
  readonly creditPercent: number;
}

export const OFFER_TERMS = ['renewal', 'notice', 'sla', 'telemetry'] as const;

/** Each term in words that tell it from every other one; those that are not promised say so. */
export function describeTerms({ renewal, noticeMs, sla, telemetry }: OfferTerms): Readonly<Record<(typeof OFFER_TERMS)[number], string>> {
  const kept = [
    ...(sla?.availabilityPercent === undefined ? [] : [`${sla.availabilityPercent} % available`]),
    ...(sla?.latencyMs === undefined ? [] : [`latency of ${sla.latencyMs} ms`]),
  ];
  return {
    renewal: renewal ? `${renewal.kind}, for ${formatDuration(renewal.forMs)} at a time` : 'none',
    notice: noticeMs ? formatDuration(noticeMs) : 'none',
    sla: sla ? `${kept.join(', ')}; else ${sla.creditPercent} % of the price are forgone` : 'none',
    telemetry: telemetry ? `${telemetry.metrics.join(', ')} every ${formatDuration(telemetry.intervalMs)}` : 'none',
  };
}

/** What differs between the terms that were offered and those that were agreed, line by line. */
export function termsDifferences(offered: OfferTerms = {}, agreed: OfferTerms = {}): readonly string[] {
  const [wanted, got] = [describeTerms(offered), describeTerms(agreed)];
  return OFFER_TERMS.flatMap((name) => (wanted[name] === got[name] ? [] : [`${name}: offered ${wanted[name]}, got ${got[name]}`]));
}
