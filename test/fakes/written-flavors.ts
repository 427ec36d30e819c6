/** Somebody who writes FLUIDOS Flavor resources into a cluster. */
import type { FlavorResources, WrittenFlavors } from '../../src/ports/flavor-resources.ts';
import { readFlavorResource } from '../../src/rear/flavor-resource.ts';
import { fluidosSpec } from './fluidos-flavors.ts';

/** One as it is read. */
export const writtenFlavor = (name: string, change: object = {}, characteristics: object = {}): WrittenFlavors['flavors'][number] => ({
  name,
  ...readFlavorResource(fluidosSpec(change, characteristics)),
});

/** Resources that a test writes; each writing is told at once, and resolves when it is told, not when it is on sale. */
export function shownFlavors() {
  type Sink = Parameters<FlavorResources['watch']>[1];
  let watches: (sink: Sink) => void = () => undefined;
  const watched = new Promise<Sink>((resolve) => {
    watches = resolve;
  });
  const flavorResources: FlavorResources = {
    async watch(_namespace, sink, signal) {
      watches(sink);
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
  };
  const tell = async (written: WrittenFlavors): Promise<void> => {
    const sink = await watched;
    void sink(written);
  };
  return {
    flavorResources,
    write: (...flavors: WrittenFlavors['flavors']) => tell({ installed: true, flavors }),
    uninstall: () => tell({ installed: false, flavors: [] }),
  };
}
