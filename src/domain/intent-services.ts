import { type IntentLimits, type WholeIntent, latencyMs } from './intent-schema.ts';
import { hostedBound } from './hosted.ts';
import { hourly, sameCurrency } from './money.ts';
import type { ResourceRequest } from './candidate.ts';
import type { ServiceRequest } from './service-request.ts';
import { type WrongField, fieldPath } from './wrong-fields.ts';

type Fields = Readonly<Record<string, unknown>>;
type Bought = Pick<ResourceRequest, 'locations' | 'maxLatencyMs' | 'currency' | 'maxHourlyPrice'>;

/** Limits in lowest terms. `counted`: the currency in which somebody counts what is spent. */
export function reduceLimits(limits: IntentLimits | undefined, counted: string | undefined): Bought {
  const { price, latency, locations } = limits ?? {};
  const currency = price?.currency ?? counted;
  return {
    ...(locations ? { locations } : {}),
    ...(latency === undefined ? {} : { maxLatencyMs: latencyMs(latency) ?? 0 }),
    ...(currency ? { currency } : {}),
    ...(price ? { maxHourlyPrice: { amount: hourly({ ...price, amount: String(price.amount) }), currency: price.currency } } : {}),
  };
}

/** The services of a document in lowest terms. */
export const reduceServices = (
  services: NonNullable<WholeIntent['spec']['services']>,
  counted: string | undefined,
): readonly ServiceRequest[] =>
  services.map(({ limits, category, flavor, tags, hostingPolicy, resources, ...wanted }) => ({
    ...wanted,
    ...(category !== undefined && { category }),
    ...(flavor !== undefined && { flavor }),
    ...(tags !== undefined && { tags }),
    ...(hostingPolicy !== undefined && { hostingPolicy }),
    ...(isHostedHere(hostingPolicy) && { bound: hostedBound(resources) }),
    ...reduceLimits(limits, counted),
  }));

const isHostedHere = (policy: unknown): boolean => policy === 'Consumer' || policy === 'Shared';

/** What is wrong with services beyond their shape; it looks at whatever is readable, so that its problems are told together with those of the shape. */
export function checkServices(spec: Fields): readonly WrongField[] {
  const services = listOf(spec['services']).map(recordOf);
  const wrong: WrongField[] = [];
  const say = (i: number, path: readonly PropertyKey[], problem: string): void =>
    void wrong.push({ field: fieldPath(['spec', 'services', i, ...path]), problem });
  const secrets = listOf(recordOf(spec['workload'])['manifests'])
    .map(recordOf)
    .flatMap(({ kind, metadata }) => (kind === 'Secret' ? [recordOf(metadata)['name']] : []));
  const first = new Map<unknown, number>();
  for (const [i, { name, category, flavor, tags, hostingPolicy, resources }] of services.entries()) {
    if (resources !== undefined && !isHostedHere(hostingPolicy))
      say(i, ['resources'], 'is of what is hosted here: with the hosting policy Consumer or Shared only');
    if (category === undefined && flavor === undefined && tags === undefined)
      say(i, [], 'says nothing of what is wanted: give a category, a flavor or tags');
    if (typeof name !== 'string') continue;
    const before = first.get(name);
    if (before !== undefined) say(i, ['name'], `must be unique: services[${before}] is called ${name} too`);
    else first.set(name, i);
    if (secrets.includes(name))
      say(i, ['name'], 'is the name of a Secret of the workload too: what is handed over is a Secret of that name');
  }
  return [...wrong, ...checkMoney(spec, services)];
}

/** One intent counts in one currency. */
function checkMoney(spec: Fields, services: readonly Fields[]): readonly WrongField[] {
  const currencyOf = (of: Fields): unknown => recordOf(recordOf(of['limits'])['price'])['currency'];
  const named = [
    { field: 'limits.price', value: currencyOf(spec), at: 'spec.limits.price.currency' },
    ...services.map((service, i) => ({
      field: `services[${i}].limits.price`,
      value: currencyOf(service),
      at: `spec.services[${i}].limits.price.currency`,
    })),
    { field: 'budget', value: recordOf(spec['budget'])['currency'], at: 'spec.budget.currency' },
  ].flatMap(({ value, ...where }) => (typeof value === 'string' ? [{ ...where, value }] : []));
  const [one, ...others] = named;
  return others
    .filter(({ value }) => one !== undefined && !sameCurrency(one.value, value))
    .map(({ at }) => ({ field: at, problem: `must be that of ${one?.field}, ${one?.value}: currencies are never converted` }));
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const recordOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
