import { isAt } from './address.ts';
import type { BuyerLimits } from './buyer-limits.ts';

/** What is asked of another node before it is traded with. */
export const PEER_POLICIES = ['signed', 'legacy', 'blocked'] as const;
export type PeerPolicy = (typeof PEER_POLICIES)[number];

/** One line of the operator's: which node, and what is asked of it. All that is named must fit. */
export interface PeerRule {
  /** A node's id. */
  readonly node?: string | undefined;
  readonly domain?: string | undefined;
  /** `host:port`, or a host with whatever port. */
  readonly address?: string | undefined;
  readonly policy: PeerPolicy;
  /** The keys that count, by thumbprint (RFC 7638); every key that its address shows when absent. */
  readonly keys?: readonly string[] | undefined;
  /** What it may have of us at a time, in place of what everybody may. */
  readonly limits?: BuyerLimits | undefined;
}

/** A node by what it says of itself, or by what we know of it. */
export interface PeerNames {
  readonly id?: string | undefined;
  readonly domain?: string | undefined;
  readonly address?: string | undefined;
}

export interface PeerRules {
  readonly rules: readonly PeerRule[];
  /** Of a node of our dialect that no rule names. */
  readonly otherwise: 'signed' | 'legacy';
}

const same = (one: string, other: string | undefined): boolean => one.toLowerCase() === other?.toLowerCase();
const atAddress = (wanted: string, address: string | undefined): boolean => address !== undefined && isAt(wanted, address);

const fits = ({ node, domain, address }: PeerRule, names: PeerNames): boolean =>
  (node === undefined || node === names.id) &&
  (domain === undefined || same(domain, names.domain)) &&
  (address === undefined || atAddress(address, names.address));

/** The rule for a node: whichever blocks it, else the first that fits; `undefined` when no rule speaks of it. */
export function ruleFor({ rules }: PeerRules, names: PeerNames): PeerRule | undefined {
  const fitting = rules.filter((rule) => fits(rule, names));
  return fitting.find(({ policy }) => policy === 'blocked') ?? fitting[0];
}

/**
 * What the operator says need not sign, even when it did so before: the `node` of an id, or whatever is at an `address`; of a whole domain he cannot. Who does not sign says his address himself: one that is
 * named alone frees no id that belongs elsewhere.
 */
export function waiverOf(rule: PeerRule | undefined): 'node' | 'address' | undefined {
  if (rule?.policy !== 'legacy') return undefined;
  return rule.node !== undefined ? 'node' : rule.address !== undefined ? 'address' : undefined;
}

/** Whether a line asks the node of this id to sign, wherever it says that it is, and the line that fits it speaks of no node. */
export const mustSign = ({ rules }: PeerRules, id: string | undefined, fitting: PeerRule | undefined): boolean =>
  id !== undefined && fitting?.node === undefined && rules.some(({ policy, node }) => policy === 'signed' && node === id);

/** Whether the operator says that the node of this id is at this address. */
export const isPinned = ({ rules }: PeerRules, id: string, address: string): boolean =>
  rules.some(
    (rule) =>
      rule.policy === 'signed' && rule.node !== undefined && rule.address !== undefined && fits(rule, { id, address, domain: rule.domain }),
  );

/** The address where the operator says that the node of this id is, when somebody else calls by it. */
export const isElsewhere = ({ rules }: PeerRules, id: string, address: string): boolean => {
  const pins = rules.filter((rule) => rule.policy === 'signed' && rule.address !== undefined && rule.node === id);
  return pins.length > 0 && !pins.some((pin) => atAddress(pin.address ?? '', address));
};

/** Whether a signature by that key counts for the node that the rule is for; `kid` ends with the key's thumbprint. */
export const countsKey = (rule: PeerRule | undefined, kid: string): boolean =>
  rule?.keys === undefined || rule.keys.some((thumbprint) => kid.endsWith(`#${thumbprint}`));
