import { instanceManifests, instanceValues } from '../src/domain/blueprint.ts';
import { Fault } from '../src/domain/faults.ts';
import { manifestsAt } from '../src/domain/hosted.ts';
import type { ContractId, TransactionId } from '../src/domain/ids.ts';
import type { ActivityDeps } from './deps.ts';
import { waiting } from './waiting.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const SIGNS = `${LETTERS}0123456789`;

/** Lower-case letters and digits, a letter first: 5 bits a character, fit for a name, a URL and a shell. */
function made(length: number): string {
  const text: string[] = [];
  while (text.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length))) {
      const among = text.length === 0 ? LETTERS : SIGNS;
      // What does not divide evenly is thrown again: no character comes more often than another.
      if (text.length < length && byte < 256 - (256 % among.length)) text.push(among[byte % among.length] ?? '');
    }
  }
  return text.join('');
}

/** Phase 4 of a blueprint, seller: what was bought is made, and taken away. Only ids come and go: values are in the cluster's Secrets. */
export const hostingActivities = ({
  hosting,
  inventory,
  contracts,
  blueprints,
  timing,
}: Pick<ActivityDeps, 'hosting' | 'inventory' | 'contracts' | 'blueprints' | 'timing'>) => ({
  async hostInstance({ contract, transaction }: { contract: ContractId; transaction: TransactionId }): Promise<void> {
    await waiting(timing.hostingMs, async (wait) => {
      const sold = await contracts.get(contract);
      const service = sold?.terms.service;
      if (!sold || !service) throw new Fault('CONTRACT_UNKNOWN', `no contract ${contract} of a blueprint`, { contract });
      if (sold.state !== 'active') throw new Fault('CONTRACT_OVER', `contract ${contract} is ${sold.state}`, { contract });
      const blueprint = await blueprints.of(sold.terms.flavor);
      if (!blueprint)
        throw new Fault('CONFIGURATION_INVALID', `${contract} is of a blueprint that is not configured any more`, { contract });
      const { configuration } = (await inventory.hold(transaction))?.service ?? service;
      await hosting.instantiate(
        {
          contract,
          values: () => instanceValues(blueprint, configuration, made),
          manifests: (values) => instanceManifests({ manifests: manifestsAt('seller', service.hostingPolicy, blueprint) }, values),
        },
        wait,
      );
      await inventory.forgetConfiguration(transaction);
      await contracts.activate(contract);
    });
  },
  async removeInstance({ contract }: { contract: ContractId }): Promise<void> {
    await waiting(timing.undoRoundMs, (wait) => hosting.remove({ contract }, wait));
  },
  /** Whether its buyer signed too: without that nothing is handed over. */
  async isCountersigned({ contract }: { contract: ContractId }): Promise<boolean> {
    const sold = await contracts.get(contract);
    return sold?.agreement === undefined || sold.agreement.signatures.length > 1;
  },
});
