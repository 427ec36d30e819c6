import { bareAddress, parseAddress } from '../src/domain/address.ts';
import { type Fault, type FaultCode, isFault } from '../src/domain/faults.ts';
import { isLoopbackHost } from '../src/domain/forbidden-addresses.ts';
import type { ContractId } from '../src/domain/ids.ts';
import type { Audit } from '../src/ports/audit.ts';

/** Who answered, and about what. */
export interface Answerer {
  /** As the audit names it: its id where that is known, else its address. */
  readonly peer: string | (() => Promise<string>);
  /** Where it was asked. */
  readonly address: string;
  readonly contract?: ContractId;
}

/** What a peer cannot do by mistake of a moment. */
const LIES: readonly FaultCode[] = ['PEER_LIED', 'KUBECONFIG_REFUSED', 'MANIFESTS_REFUSED'];
/** What a setting of ours would allow is none, of a peer on our own machine: it alone can mean its own API server there. */
const isLie = ({ code, facts }: Fault, address: string): boolean =>
  LIES.includes(code) && (facts['setting'] === undefined || !isLoopbackHost(parseAddress(bareAddress(address))?.host ?? ''));

/** Faults that were told: of one answer for which several waited each of them gets the same. */
const told = new WeakSet<Fault>();

/** Tells the audit of what went wrong with a peer's answer when that is a lie of its, once for each answer; whether it is one. */
export async function tellLie(audit: Pick<Audit, 'tally'>, error: unknown, { peer, address, contract }: Answerer): Promise<boolean> {
  if (!isFault(error) || !isLie(error, address)) return false;
  if (told.has(error)) return true;
  told.add(error);
  const { code, message: detail } = error;
  const name = typeof peer === 'string' ? peer : await peer();
  await audit.tally({ kind: 'peer-lied', peer: name, code, detail, ...(contract !== undefined && { contract }) });
  return true;
}
