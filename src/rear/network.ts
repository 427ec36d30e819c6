import type { NetworkAuthorizations, NetworkEnd, NetworkIntent } from '../domain/flavor.ts';
import { z } from 'zod';
import { isRecord, orNull } from './json.ts';
import { compact, goObject, listOf, strictText } from './reading.ts';

/** Labels as a map (what a FLUIDOS node writes) or as a list of pairs (what it reads). */
const labels = z.unknown().transform((value): Readonly<Record<string, string>> => {
  const pairs = Array.isArray(value)
    ? value.flatMap((each) => (isRecord(each) ? [[each['key'], each['value']] as const] : []))
    : isRecord(value)
      ? Object.entries(value)
      : [];
  return Object.fromEntries(pairs.filter((pair): pair is readonly [string, string] => pair.every((each) => typeof each === 'string')));
});

const podNamespace = goObject({ pod: labels, namespace: labels });

/** The JSON type of `selector` decides: a FLUIDOS node labels pod selectors `CIDRSelector` (quirk 2.7 of our notes). */
const resourceSelectors = goObject({ selector: z.unknown() }).transform(({ selector }) => {
  if (typeof selector === 'string') return { cidr: selector };
  if (!isRecord(selector)) return {};
  return { labels: podNamespace.parse(selector) };
});

/** The specification says `isHostCluster` and `resourceSelector`; a FLUIDOS node `isHotCluster` and `resourceSelectors`. */
const end = goObject(
  { isHotCluster: z.boolean().optional(), resourceSelectors },
  { isHostCluster: 'isHotCluster', resourceSelector: 'resourceSelectors' },
).transform(({ isHotCluster, resourceSelectors }): NetworkEnd => compact({ isHotCluster: isHotCluster ?? false, ...resourceSelectors }));

const intent = goObject({
  name: strictText,
  source: end,
  destination: end,
  destinationPort: z
    .union([z.string(), z.number()])
    .optional()
    .transform((value) => String(value ?? '')),
  protocolType: strictText,
});

export const networkAuthorizations = goObject({ deniedCommunications: listOf(intent), mandatoryCommunications: listOf(intent) });

const writeLabels = (map: Readonly<Record<string, string>>): readonly object[] =>
  Object.entries(map).map(([key, value]) => ({ key, value }));

function writeEnd({ isHotCluster, cidr, labels }: NetworkEnd): object {
  const resourceSelectors =
    labels === undefined
      ? { typeIdentifier: 'CIDRSelector', selector: cidr ?? '' }
      : {
          typeIdentifier: 'PodNamespaceSelector',
          selector: { pod: writeLabels(labels.pod), namespace: writeLabels(labels.namespace) },
        };
  return { isHotCluster, resourceSelectors };
}

const writeIntent = (intent: NetworkIntent): object => ({
  name: intent.name,
  source: writeEnd(intent.source),
  destination: writeEnd(intent.destination),
  destinationPort: intent.destinationPort,
  protocolType: intent.protocolType,
});

/** Written as a FLUIDOS node can read it, which is not as it writes it. */
export const writeNetworkAuthorizations = (value: NetworkAuthorizations): object => ({
  deniedCommunications: orNull(value.deniedCommunications.map(writeIntent)),
  mandatoryCommunications: orNull(value.mandatoryCommunications.map(writeIntent)),
});
