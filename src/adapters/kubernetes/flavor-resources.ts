import type { FlavorResources } from '../../ports/flavor-resources.ts';
import { readFlavorResource } from '../../rear/flavor-resource.ts';
import type { Api } from './api.ts';
import type { Log } from './faults.ts';
import { KINDS } from './kinds.ts';
import { watchWritten } from './written-resources.ts';

/** The port FlavorResources, under the Lease `flavor-resources`. */
export function kubernetesFlavorResources({ api, log }: { readonly api: Api; readonly log: Log }): FlavorResources {
  const watch = watchWritten({
    api,
    log,
    kind: KINDS.fluidosFlavor,
    lease: 'flavor-resources',
    read: ({ metadata: { name }, spec }) => ({ name, ...readFlavorResource(spec) }),
  });
  return {
    watch: (namespace, sink, signal) => watch(namespace, ({ installed, resources }) => sink({ installed, flavors: resources }), signal),
  };
}
