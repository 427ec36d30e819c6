import { z } from 'zod';
import { instanceProblems } from '../../domain/blueprint.ts';
import type { ServiceTerms } from '../../domain/contract.ts';
import { Fault } from '../../domain/faults.ts';
import type { BlueprintKind, Flavor } from '../../domain/flavor.ts';
import type { Blueprints } from '../../ports/blueprints.ts';
import { firstIssue } from '../../rear/reading.ts';
import { readServiceConfiguration } from '../../rear/reservation.ts';
import { type Refusal, refuse } from './answers.ts';

const invalid = (words: string): Refusal => refuse(400, 'CONFIGURATION_INVALID', words);

/** How an instance is to be configured, checked before anything is held. A refusal names each wrong field, and no value. */
export async function wantedInstance(
  flavor: Flavor,
  { kind, data }: { readonly kind: BlueprintKind; readonly data: unknown },
  blueprints: Blueprints,
): Promise<ServiceTerms> {
  if (flavor.offer.kind !== kind) throw invalid('Configuration type not supported');
  const blueprint = await blueprints.of(flavor);
  if (!blueprint) throw new Fault('FLAVOR_GONE', 'this node does not make that any more', { flavor: flavor.id });
  let read: ReturnType<typeof readServiceConfiguration>;
  try {
    read = readServiceConfiguration(data);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    throw invalid(`Error: ${firstIssue(error)}`);
  }
  const { hostingPolicy = blueprint.hostingPolicies[0] ?? 'Provider', configuration } = read;
  if (!blueprint.hostingPolicies.includes(hostingPolicy))
    throw invalid(`Error: hostingPolicy ${hostingPolicy} is not offered, but ${blueprint.hostingPolicies.join(' and ')}`);
  const problems = instanceProblems(blueprint, configuration);
  if (problems.length > 0) throw invalid(`Error: ${problems.join('; ')}`);
  return { hostingPolicy, configuration };
}
