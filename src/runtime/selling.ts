import { selling } from '../domain/enforcement.ts';
import type { Fabric } from '../ports/fabric.ts';
import type { Configuration, FlavorConfiguration } from './configuration.ts';
import type { Readiness, ReadinessLog } from './readiness.ts';

interface Asked {
  readonly configuration: Pick<Configuration, 'liqo' | 'rear'>;
  readonly fabric: Pick<Fabric, 'enforcement'>;
  readonly readiness: Pick<Readiness, 'keepTrying' | 'say'>;
  readonly log: ReadinessLog;
  readonly signal: AbortSignal;
}

/**
 * Whether anything is sold: not when nothing would hold a buyer to what it bought and nobody said to sell all the same. Looked at when the node starts; `/readyz` and the log say what was found. A node that
 * sells nothing still buys, so it stays ready.
 */
export async function maySell({ configuration: { liqo, rear }, fabric, readiness, log, signal }: Asked): Promise<boolean> {
  const read = await readiness.keepTrying('enforcement', () => fabric.enforcement(), signal);
  const said = liqo.enforcement;
  const { sells, words } = selling({ ...(read && { read }), ...(said && { said }), sellUnenforced: rear.sellUnenforced });
  readiness.say('enforcement', words);
  // Who sells all the same said so; everybody else who has something to sell does not sell it.
  log[sells ? 'info' : 'warn']({ read, said }, words);
  return sells;
}

/** The configured flavors, or none of them when nothing is sold. */
export async function flavorsOnSale(
  input: Asked & { readonly configuration: Pick<Configuration, 'flavors'> },
): Promise<readonly FlavorConfiguration[]> {
  const { flavors } = input.configuration;
  return flavors.length > 0 && (await maySell(input)) ? flavors : [];
}
