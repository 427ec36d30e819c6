import type { ServiceBlueprints } from '../../ports/service-blueprints.ts';
import { readServiceBlueprint } from '../../rear/service-blueprint.ts';
import type { Api } from './api.ts';
import type { Log } from './faults.ts';
import { KINDS } from './kinds.ts';
import { watchWritten } from './written-resources.ts';

/** The port ServiceBlueprints, under the Lease `service-blueprints`. */
export function kubernetesServiceBlueprints({ api, log }: { readonly api: Api; readonly log: Log }): ServiceBlueprints {
  const watch = watchWritten({
    api,
    log,
    kind: KINDS.serviceBlueprint,
    lease: 'service-blueprints',
    read: ({ metadata: { name, annotations }, spec }) => ({ name, ...readServiceBlueprint({ spec, annotations }) }),
  });
  return {
    watch: (namespace, sink, signal) => watch(namespace, ({ installed, resources }) => sink({ installed, blueprints: resources }), signal),
  };
}
