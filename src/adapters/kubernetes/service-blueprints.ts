import { hindrance } from '../../domain/unmakeable.ts';
import type { ServiceBlueprints, UnreadableBlueprint, WrittenBlueprint } from '../../ports/service-blueprints.ts';
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
    read({ metadata: { name, annotations }, spec }, kinds): WrittenBlueprint | UnreadableBlueprint | undefined {
      const read = readServiceBlueprint({ spec, annotations });
      if ('wrong' in read) return { name, ...read };
      const unmakeable = kinds.unmakeable(read.blueprint.manifests);
      if (!unmakeable) return undefined;
      const first = hindrance(unmakeable, read.blueprint.manifests);
      if (!first) return { name, ...read };
      return first.unknown ? { name, ...read, unsure: first.why } : { name, wrong: first.why };
    },
  });
  return {
    watch: (namespace, sink, signal) => watch(namespace, ({ installed, resources }) => sink({ installed, blueprints: resources }), signal),
  };
}
