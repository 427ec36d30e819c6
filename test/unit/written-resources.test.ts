/** A watch of resources whose definition may not be installed: it comes, goes, and may be forbidden. */
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Api } from '../../src/adapters/kubernetes/api.ts';
import { kubernetesFlavorResources } from '../../src/adapters/kubernetes/flavor-resources.ts';
import { kubernetesServiceBlueprints } from '../../src/adapters/kubernetes/service-blueprints.ts';
import type { WrittenFlavors } from '../../src/ports/flavor-resources.ts';
import type { WrittenBlueprints } from '../../src/ports/service-blueprints.ts';
import { serviceBlueprint } from '../fakes/fluidos-blueprints.ts';
import { fluidosFlavor } from '../fakes/fluidos-flavors.ts';
import { type Request, json, playApiServer, status } from './api-server.ts';

const quiet = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };
interface Told {
  readonly installed: boolean;
  readonly resources: readonly object[];
}

interface Kind {
  readonly what: string;
  readonly named: (name: string, change?: object) => object;
  /** What cannot be read. */
  readonly broken: object;
  readonly watch: (api: Api, sink: (told: Told) => void, signal: AbortSignal) => Promise<void>;
}
const FLAVORS: Kind = {
  what: 'flavors',
  named: fluidosFlavor,
  broken: { flavorType: {} },
  async watch(api, sink, signal) {
    const tell = async ({ installed, flavors }: WrittenFlavors): Promise<undefined> => void sink({ installed, resources: flavors });
    await kubernetesFlavorResources({ api, log: quiet }).watch('fluidos', tell, signal);
  },
};
const BLUEPRINTS: Kind = {
  what: 'serviceblueprints',
  named: serviceBlueprint,
  broken: { templates: [] },
  async watch(api, sink, signal) {
    const tell = async ({ installed, blueprints }: WrittenBlueprints): Promise<undefined> =>
      void sink({ installed, resources: blueprints });
    await kubernetesServiceBlueprints({ api, log: quiet }).watch('fluidos', tell, signal);
  },
};

describe.each([FLAVORS, BLUEPRINTS])('the watch of $what', ({ what, named, broken, watch }) => {
  const at = playApiServer();
  const isWatch = ({ query }: Request): boolean => query.get('watch') === 'true';
  /** What the API server has: a definition, and what is written; each change ends all watches, so that they are looked at anew. */
  let served: boolean;
  let refused: number | undefined;
  let written: object[];
  let open: ServerResponse[];
  let told: Told[];
  let ending: AbortController;
  let watching: Promise<unknown>;
  const change = (make: () => void): void => {
    make();
    for (const response of open.splice(0)) response.end();
  };
  const definition = () => ({
    metadata: { name: `${what}.nodecore.fluidos.eu` },
    spec: { versions: [{ name: 'v1alpha1', served: true }] },
    status: { conditions: [{ type: 'Established', status: 'True' }] },
  });
  const last = (state: unknown) => vi.waitFor(() => expect(told.at(-1)).toMatchObject(state as object), { timeout: 4_000, interval: 10 });

  beforeEach(() => {
    [served, refused, written, open, told] = [false, undefined, [], [], []];
    ending = new AbortController();
    at.answer = (request, response) => {
      if (request.path.includes('/leases'))
        return json(response, request.method === 'GET' ? 404 : 201, { metadata: { resourceVersion: '1' } });
      const ofDefinition = request.path.includes('customresourcedefinitions');
      if (ofDefinition && refused !== undefined) return status(refused)(request, response);
      if (!ofDefinition && !served) return status(404)(request, response);
      if (isWatch(request)) {
        response.writeHead(200);
        response.flushHeaders();
        open.push(response);
        return;
      }
      const items = ofDefinition ? (served ? [definition()] : []) : written;
      json(response, 200, { items, metadata: { resourceVersion: '1' } });
    };
  });
  const begin = (): void => {
    watching = Promise.allSettled([watch(at.api, (state) => void told.push(state), ending.signal)]);
  };
  afterEach(async () => {
    ending.abort();
    change(() => undefined);
    await watching;
  });

  it('follows a definition that is installed later, what is written, and its going', async () => {
    begin();
    await last({ installed: false, resources: [] });
    change(() => {
      served = true;
      written = [named('b'), named('a', broken)];
    });
    await last({
      installed: true,
      resources: [{ name: 'a', wrong: expect.any(String) }, { name: 'b' }],
    });
    change(() => (written = [named('b')]));
    await last({ installed: true, resources: [{ name: 'b' }] });
    change(() => (served = false));
    await last({ installed: false, resources: [] });
    change(() => (served = true));
    await last({ installed: true, resources: [{ name: 'b' }] });
    const paths = at.asked.map(({ path }) => path).filter((path) => path.includes(what));
    expect(new Set(paths)).toEqual(
      new Set([expect.stringMatching(new RegExp(`/apis/nodecore.fluidos.eu/v1alpha1/namespaces/fluidos/${what}$`))]),
    );
  });

  it('begins once it is allowed to look, and ends nothing before', async () => {
    refused = 403;
    begin();
    await vi.waitFor(() => expect(at.asked.filter(({ path }) => path.includes('customresource')).length).toBeGreaterThan(1), {
      timeout: 4_000,
    });
    expect(told).toEqual([]);
    refused = undefined;
    await last({ installed: false });
  });
});
