import { selling } from '../domain/enforcement.ts';
import type { Fabric } from '../ports/fabric.ts';
import type { Configuration, FlavorConfiguration } from './configuration.ts';
import type { Readiness, ReadinessLog } from './readiness.ts';

/**
 * The configured flavors, or none of them when nothing would hold a buyer to what it bought and nobody said to sell all the same. Looked at once, when the node starts; `/readyz` and the
 * log say what was found. A node that sells nothing still buys, so it stays ready.
 */
export async function flavorsOnSale(input: {
  readonly configuration: Pick<Configuration, 'flavors' | 'liqo' | 'rear'>;
  readonly fabric: Pick<Fabric, 'enforcement'>;
  readonly readiness: Pick<Readiness, 'keepTrying' | 'say'>;
  readonly log: ReadinessLog;
  readonly signal: AbortSignal;
}): Promise<readonly FlavorConfiguration[]> {
  const { configuration, fabric, readiness, log, signal } = input;
  const { flavors, liqo, rear } = configuration;
  if (flavors.length === 0) return flavors;
  const read = await readiness.keepTrying('enforcement', () => fabric.enforcement(), signal);
  const said = liqo.enforcement;
  const { sells, words } = selling({ ...(read && { read }), ...(said && { said }), sellUnenforced: rear.sellUnenforced });
  readiness.say('enforcement', words);
  const held = (read ?? said) === 'Hard';
  log[held ? 'info' : 'warn']({ read, said, flavors: flavors.length }, words);
  return sells ? flavors : [];
}
