import type { Dialect } from './candidate.ts';
import type { ContractTerms, ServiceTerms } from './contract.ts';
import { Fault } from './faults.ts';
import { type Flavor, isBlueprint, type NodeIdentity } from './flavor.ts';
import type { TransactionId } from './ids.ts';
import { sameJson } from './json.ts';
import { isSameAddress } from './address.ts';
import { compareAmounts, exactPriceWords, parseAmount } from './money.ts';
import { offerDifferences } from './offer-check.ts';
import { termsDifferences } from './offer-terms.ts';
import { priceOfPart } from './partition.ts';
import { type Resources, sameResources } from './resources.ts';
import { contractedService } from './service-terms.ts';

/** What a buyer asked for, and how long a contract may sensibly last. */
export interface AskedContract {
  readonly transaction: TransactionId;
  /** As it was offered when the buyer decided. */
  readonly flavor: Flavor;
  readonly part: Resources;
  /** Of a blueprint, and nothing of `part`. */
  readonly service?: ServiceTerms;
  /** With its cluster id. */
  readonly buyer: NodeIdentity;
  readonly dialect: Dialect;
  /** Milliseconds that must be left at least, and may be left at most (a FLUIDOS node sells for 365 days). */
  readonly lifetimeMs: { readonly min: number; readonly max: number };
  /** How far the seller's clock may be from ours, in milliseconds; not at all when absent. */
  readonly skewMs?: number;
}

/**
 * What differs between a contract and what was asked: bait and switch, line by line; empty when it may be signed. `now` in ms since the epoch.
 * A seller of our dialect may serve a retired flavor from its living descendant (another id, same terms). Less money than expected is no switch.
 */
export function contractDifferences(asked: AskedContract, terms: ContractTerms, now: number): readonly string[] {
  const found: string[] = [];
  const differs = (what: string, wanted: string | undefined, got: string | undefined): void => {
    if (wanted !== got) found.push(`${what}: asked ${wanted ?? 'none'}, got ${got ?? 'none'}`);
  };
  differs('transaction', asked.transaction, terms.transaction);
  differs('buyer', asked.buyer.id, terms.buyer.id);
  differs('buyer cluster', asked.buyer.clusterId, terms.buyerCluster);
  differs('seller', asked.flavor.owner.id, terms.seller.id);
  // A FLUIDOS node may announce another address than the one where it is known; of ours it is who signs, and whom we call about this contract.
  if (asked.dialect === 'rearguard') {
    const place = (what: string, wanted: string, got: string) => isSameAddress(wanted, got) || differs(what, wanted, got);
    place('seller address', asked.flavor.owner.address, terms.seller.address);
    place('buyer address', asked.buyer.address, terms.buyer.address);
  }
  if (terms.sellerCluster === '') found.push('seller cluster: none');
  if (terms.sellerCluster === terms.buyerCluster) found.push('seller cluster: is the buyer’s own');
  if (asked.dialect === 'fluidos') differs('flavor', asked.flavor.id, terms.flavor.id);
  found.push(...offerDifferences(asked, terms.flavor));
  // A FLUIDOS node signs nothing, and promises nothing.
  if (asked.dialect === 'rearguard') found.push(...termsDifferences(asked.flavor.terms, terms.flavor.terms));
  if (!sameResources(asked.part, terms.resources)) {
    found.push(`resources: asked ${JSON.stringify(asked.part)}, got ${JSON.stringify(terms.resources)}`);
  }
  found.push(...serviceDifferences(asked, terms), ...priceDifferences(asked, terms));
  const { skewMs = 0 } = asked;
  const left = Date.parse(terms.expiresAt) - now;
  // NaN (no time at all) fails both comparisons.
  if (!(left >= asked.lifetimeMs.min)) found.push(`expiry: ${terms.expiresAt} is too soon`);
  if (!(left <= asked.lifetimeMs.max + skewMs)) found.push(`expiry: ${terms.expiresAt} is too far`);
  if (Date.parse(terms.startsAt) > now + skewMs) found.push(`start: ${terms.startsAt} is yet to come`);
  return found;
}

/** A FLUIDOS node takes no hosting policy (row 9 of our notes' section 3), and states none. Words without values: a configuration is the buyer's own. */
function serviceDifferences({ flavor, service, dialect }: AskedContract, terms: ContractTerms): readonly string[] {
  if (service === undefined || !isBlueprint(flavor)) return terms.service === undefined ? [] : ['service: asked none, got one'];
  if (terms.service === undefined) return ['service: asked one, got none'];
  const { hostingPolicy, configuration } = terms.service;
  const wanted = contractedService(flavor.offer, service);
  return [
    ...(dialect === 'fluidos' || wanted.hostingPolicy === hostingPolicy
      ? []
      : [`hosting policy: asked ${wanted.hostingPolicy}, got ${hostingPolicy}`]),
    ...(sameJson(wanted.configuration, configuration) ? [] : ['configuration: another than asked']),
  ];
}

function priceDifferences(asked: AskedContract, terms: ContractTerms): readonly string[] {
  const expected = priceOfPart(asked.flavor, asked.part);
  const { price } = terms;
  if (expected === undefined && price === undefined) return [];
  const words = `price: asked ${expected ? exactPriceWords(expected) : 'none'}, got ${price ? exactPriceWords(price) : 'none'}`;
  if (price === undefined) return [words];
  const offered = parseAmount(price.amount);
  if (expected === undefined) return offered === 0n ? [] : [words];
  const isSame = expected.currency === price.currency && expected.period === price.period && offered !== undefined;
  return isSame && compareAmounts(price.amount, expected.amount) <= 0 ? [] : [words];
}

/** Refuses a contract that is not what was asked: PEER_LIED with what differs. */
export function checkContract(asked: AskedContract, terms: ContractTerms, now: number): void {
  const differences = contractDifferences(asked, terms, now);
  if (differences.length === 0) return;
  throw new Fault('PEER_LIED', `the contract is not what was asked: ${differences.join('; ')}`.slice(0, 1000), {
    contract: terms.id,
    differences,
  });
}
