import { isFault } from '../../domain/faults.ts';
import { type TenantAccess, parseKubeconfig, tokenClaims } from './kubeconfig.ts';
import { OURS } from './labels.ts';
import { type SecretObject, annotation, isGoing } from './objects.ts';

/** What a seller sent for its tenant. */
export interface Credentials {
  readonly access: TenantAccess;
  /** Whether it is asked for new ones every day: a FLUIDOS node knows no message for that. */
  readonly renewable: boolean;
}

export const kubeconfigOf = (secret: SecretObject | undefined): string | undefined => {
  const data = secret?.data?.['kubeconfig'];
  return data === undefined ? undefined : Buffer.from(data, 'base64').toString('utf8');
};
export const accessOf = (kubeconfig: string): TenantAccess => parseKubeconfig(Buffer.from(kubeconfig).toString('base64'));

const DAY_S = 86_400;
/** A token that is renewed stays for as long as it has so much of a new one's life, and outlives the next two daily looks: the next of them brings a new one in time. */
const ENOUGH = { share: 0.75, seconds: 2 * DAY_S };

/**
 * Whether new credentials are worth taking: each change takes the seller's ForeignCluster away for a moment (docs/decisions/0011), and keeps Liqo busy for a tenth of a second. Of two
 * accounts the one whose token was issued last is alive: a tenant that was removed and made again has a new account, and the old one's tokens are dead whatever they say of their end.
 */
export function isWorthTaking({ access, renewable }: Credentials, present: TenantAccess): boolean {
  const [fresh, old] = [tokenClaims(access.token), tokenClaims(present.token)];
  const moved = access.server !== present.server || access.ca !== present.ca;
  if (moved || fresh.account !== old.account) return fresh.issued >= old.issued;
  if (fresh.expires <= old.expires) return false;
  if (!renewable || fresh.issued === 0) return true;
  const left = old.expires - fresh.issued;
  return left < ENOUGH.seconds || left < ENOUGH.share * (fresh.expires - fresh.issued);
}

/** Whether an identity stands, whole, and would not become better. */
export function servesAsWell(present: SecretObject, offered: Credentials): boolean {
  const kubeconfig = kubeconfigOf(present);
  if (kubeconfig === undefined || isGoing(present) || annotation(present, OURS.unchecked) !== undefined) return false;
  try {
    return !isWorthTaking(offered, accessOf(kubeconfig));
  } catch (error) {
    // Somebody else's, of another make: whoever is to serve tells.
    if (isFault(error)) return false;
    throw error;
  }
}
