import { Fault } from './faults.ts';
import type { NodeIdentity } from './flavor.ts';
import { addAmounts, compareAmounts, exactPriceWords, sameCurrency } from './money.ts';
import { type PeerNames, type PeerRules, ruleFor } from './peer-policy.ts';
import { nanos, type Quantity } from './quantity.ts';
import { add, formatResource, RESOURCE_NAMES, type ResourceName, type Resources } from './resources.ts';

/** An amount of money per hour. */
export interface HourlyAmount {
  readonly amount: string;
  readonly currency: string;
}

/** What one buyer may have of a seller at a time; no limit where nothing is said. */
export interface BuyerLimits {
  /** Open reservations. */
  readonly holds?: number | undefined;
  /** What it may send, in the mean of ten seconds; 0 is no limit too. */
  readonly requestsPerSecond?: number | undefined;
  /** Contracts that are not over. */
  readonly contracts?: number | undefined;
  /** Of everything that is reserved and bought together. */
  readonly cpu?: Quantity | undefined;
  readonly memory?: Quantity | undefined;
  readonly pods?: Quantity | undefined;
  readonly storage?: Quantity | undefined;
  readonly gpu?: Quantity | undefined;
  /** What all of it may cost an hour, for each currency; other currencies have no limit. */
  readonly credit?: readonly HourlyAmount[] | undefined;
}

/** What a buyer has of a seller. */
export interface BuyerUse {
  readonly contracts: number;
  readonly resources: Resources;
  readonly hourly: readonly HourlyAmount[];
}

/** What it asks for besides. */
export interface Wanted {
  readonly resources: Resources;
  readonly hourly?: HourlyAmount | undefined;
}

/** A limit that would be passed, in words. */
export interface Passed {
  readonly limit: 'contracts' | ResourceName | 'credit';
  readonly most: string;
  readonly used: string;
  readonly wanted: string;
}

export const creditIn = ({ credit }: BuyerLimits, currency: string): HourlyAmount | undefined =>
  credit?.find((each) => sameCurrency(each.currency, currency));

/** Whether a reservation has to be held against more than the number of open ones. */
export const limitsUse = ({ contracts, cpu, memory, pods, storage, gpu, credit }: BuyerLimits): boolean =>
  [contracts, cpu, memory, pods, storage, gpu, credit].some((limit) => limit !== undefined);

/** The first limit that a buyer would pass who got what it wants; `undefined` when it may have it. */
export function passedBy(limits: BuyerLimits, use: BuyerUse, { resources, hourly }: Wanted): Passed | undefined {
  const { contracts } = limits;
  if (contracts !== undefined && use.contracts + 1 > contracts)
    return { limit: 'contracts', most: `${contracts}`, used: `${use.contracts}`, wanted: '1' };
  for (const name of RESOURCE_NAMES) {
    const most = limits[name];
    if (most === undefined) continue;
    const [used, wanted] = [nanos(use.resources[name] ?? '0'), nanos(resources[name] ?? '0')];
    // Who asks for none of it is not kept from the rest by it.
    if (wanted === 0n || used + wanted <= nanos(most)) continue;
    const words = (value: bigint): string => formatResource(name, value);
    return { limit: name, most: words(nanos(most)), used: words(used), wanted: words(wanted) };
  }
  const credit = hourly && creditIn(limits, hourly.currency);
  if (!credit || compareAmounts(hourly.amount, '0') === 0) return undefined;
  const used = use.hourly.find(({ currency }) => sameCurrency(currency, credit.currency))?.amount ?? '0';
  if (compareAmounts(addAmounts(used, hourly.amount), credit.amount) <= 0) return undefined;
  const words = (amount: string): string => exactPriceWords({ amount, currency: credit.currency });
  return { limit: 'credit', most: words(credit.amount), used: words(used), wanted: words(hourly.amount) };
}

const OF: Readonly<Record<Passed['limit'], string>> = {
  contracts: 'living contracts',
  cpu: 'cpu, reserved and bought together',
  memory: 'memory, reserved and bought together',
  pods: 'pods, reserved and bought together',
  storage: 'storage, reserved and bought together',
  gpu: 'GPUs, reserved and bought together',
  credit: 'cost, of all that is reserved and bought',
};

/** LIMIT_REACHED, in words that say which limit, what is in use and what to do. */
export function limitReached({ limit, most, used, wanted }: Passed): Fault {
  const words = `this buyer's limit of ${OF[limit]}, is ${most}: ${used} in use, ${wanted} wanted; end a contract, ask for less, or ask this node's operator for more`;
  return new Fault('LIMIT_REACHED', words, { limit, most, used, wanted });
}

export const tooManyHolds = (maxHolds: number): Fault =>
  new Fault(
    'TOO_MANY_HOLDS',
    `this buyer has all of the ${maxHolds} open reservations that it may have: buy or release some, or wait until they expire`,
    {
      limit: 'holds',
      maxHolds,
    },
  );

const tighter = (a: Quantity | undefined, b: Quantity | undefined): Quantity | undefined =>
  a === undefined || (b !== undefined && nanos(b) < nanos(a)) ? b : a;
const fewer = (a: number | undefined, b: number | undefined): number | undefined => (a === undefined || (b !== undefined && b < a) ? b : a);

const slower = (a: number | undefined, b: number | undefined): number | undefined => fewer(a || undefined, b || undefined);

function tightest(one: BuyerLimits, other: BuyerLimits): BuyerLimits {
  const both = [...(one.credit ?? []), ...(other.credit ?? [])];
  const least = (each: HourlyAmount): boolean =>
    both.every(({ amount, currency }) => !sameCurrency(currency, each.currency) || compareAmounts(amount, each.amount) >= 0);
  return {
    holds: fewer(one.holds, other.holds),
    requestsPerSecond: slower(one.requestsPerSecond, other.requestsPerSecond),
    contracts: fewer(one.contracts, other.contracts),
    cpu: tighter(one.cpu, other.cpu),
    memory: tighter(one.memory, other.memory),
    pods: tighter(one.pods, other.pods),
    storage: tighter(one.storage, other.storage),
    gpu: tighter(one.gpu, other.gpu),
    credit: both.length === 0 ? undefined : both.filter(least),
  };
}

/**
 * What a buyer may have: what everybody may, and over it, limit by limit, what the line says that fits it. A node says itself of which domain it is: a line that names a domain alone takes away, and gives nothing.
 */
export function limitsOf(everybody: BuyerLimits, rules: PeerRules, { id, domain, address }: NodeIdentity): BuyerLimits {
  const names: PeerNames = { id, domain, ...(address !== '' && { address }) };
  const rule = ruleFor(rules, names);
  if (rule?.limits === undefined) return everybody;
  if (rule.node === undefined && rule.address === undefined) return tightest(everybody, rule.limits);
  const said = Object.entries(rule.limits).filter(([, limit]) => limit !== undefined);
  return { ...everybody, ...Object.fromEntries(said) };
}

/** What two reservations or contracts cost together, each currency by itself. */
function addHourly(sum: readonly HourlyAmount[], { amount, currency }: HourlyAmount): readonly HourlyAmount[] {
  const known = sum.find((each) => sameCurrency(each.currency, currency));
  if (!known) return [...sum, { amount, currency }];
  return sum.map((each) => (each === known ? { ...each, amount: addAmounts(each.amount, amount) } : each));
}

export const NO_USE: BuyerUse = { contracts: 0, resources: { cpu: '0', memory: '0', pods: '0' }, hourly: [] };

/** What a buyer has with one thing more. */
export const using = (use: BuyerUse, { resources, hourly, isContract }: Wanted & { readonly isContract: boolean }): BuyerUse => ({
  contracts: use.contracts + (isContract ? 1 : 0),
  resources: add(use.resources, resources),
  hourly: hourly ? addHourly(use.hourly, hourly) : use.hourly,
});
