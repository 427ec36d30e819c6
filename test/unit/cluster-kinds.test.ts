/** Which kinds a cluster can make: definitions come and go, and its own word about them follows by a moment. */
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { kubernetesClusterKinds } from '../../src/adapters/kubernetes/cluster-kinds.ts';
import { kubernetesServiceBlueprints } from '../../src/adapters/kubernetes/service-blueprints.ts';
import { readServiceBlueprint } from '../../src/rear/service-blueprint.ts';
import { databaseTemplates, serviceBlueprint } from '../fakes/fluidos-blueprints.ts';
import { json, playApiServer, status } from './api-server.ts';

const quiet = { debug: () => {}, info: () => {}, warn: () => {} };
const MACHINE = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine' };
const SNOW = { apiVersion: 'weather.example/v1', kind: 'Snow' };
const POD = { apiVersion: 'v1', kind: 'Pod' };
const NO_MACHINE = { ...MACHINE, why: 'this cluster has no kubevirt.io/v1 VirtualMachine' };
const within = { timeout: 4_000, interval: 10 };

describe('the kinds of a cluster', () => {
  const at = playApiServer();
  /** What discovery says of each group and version; what is not here is not found, and a number refuses. */
  let served: Record<string, readonly object[] | number>;
  let written: readonly object[];
  let open: ServerResponse[];
  let ending: AbortController;
  let watching: Promise<unknown>;
  const machines = (namespaced = true) => [
    { name: 'virtualmachines', kind: 'VirtualMachine', namespaced },
    { name: 'virtualmachines/status', kind: 'VirtualMachine', namespaced },
  ];
  /** A definition changed: whoever watches them is told. */
  const stir = (name = 'virtualmachines.kubevirt.io'): void => {
    const event = JSON.stringify({ type: 'MODIFIED', object: { metadata: { name } } });
    for (const response of open) response.write(`${event}\n`);
  };
  const asksOf = (path: string): number => at.asked.filter((request) => request.path.endsWith(path)).length;

  beforeEach(() => {
    [served, written, open, ending, watching] = [{}, [], [], new AbortController(), Promise.resolve()];
    at.answer = (request, response) => {
      if (request.path.includes('/leases'))
        return json(response, request.method === 'GET' ? 404 : 201, { metadata: { resourceVersion: '1' } });
      const isList = /customresourcedefinitions|serviceblueprints/.test(request.path);
      if (!isList) {
        const found = served[request.path.replace(/^.*\/apis\//, '')];
        return typeof found === 'number' || !found ? status(found ?? 404)(request, response) : json(response, 200, { resources: found });
      }
      if (request.query.get('watch') === 'true') {
        response.writeHead(200);
        response.flushHeaders();
        if (request.path.includes('customresource')) open.push(response);
        return;
      }
      const ours = {
        metadata: { name: 'serviceblueprints.nodecore.fluidos.eu' },
        spec: { versions: [{ name: 'v1alpha1', served: true }] },
        status: { conditions: [{ type: 'Established', status: 'True' }] },
      };
      json(response, 200, { items: request.path.includes('customresource') ? [ours] : written, metadata: { resourceVersion: '1' } });
    };
  });
  afterEach(async () => {
    ending.abort();
    for (const response of open) response.end();
    await watching;
  });

  it('are asked for where no table knows them, and have to lie in a namespace', async () => {
    const { unmakeable } = kubernetesClusterKinds({ api: at.api, log: quiet });
    expect(await unmakeable([POD, MACHINE])).toEqual([NO_MACHINE]);
    served = { 'kubevirt.io/v1': machines() };
    expect(await unmakeable([POD, MACHINE])).toEqual([]);
    served = { 'kubevirt.io/v1': machines(false) };
    expect(await unmakeable([MACHINE])).toMatchObject([{ ...MACHINE, why: expect.stringContaining('in no namespace') }]);
    expect(await unmakeable([{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' }])).toHaveLength(1);
    expect(new Set(at.asked.map(({ path }) => path))).toEqual(new Set(['/prefix/apis/kubevirt.io/v1']));
    served = { 'kubevirt.io/v1': 503 };
    expect(await unmakeable([POD, MACHINE])).toMatchObject([{ ...MACHINE, why: expect.stringContaining('is not known'), unknown: true }]);
  });

  it('are followed: a definition comes and goes, and what the API server says a moment later counts', async () => {
    let told: unknown;
    const sink = async (now: unknown): Promise<undefined> => void (told = now);
    watching = kubernetesClusterKinds({ api: at.api, log: quiet }).watch([POD, MACHINE], sink, ending.signal);
    await vi.waitFor(() => expect(told).toEqual([NO_MACHINE]), within);
    await vi.waitFor(() => expect(open).toHaveLength(1), within);
    stir();
    const asked = asksOf('kubevirt.io/v1');
    await vi.waitFor(() => expect(asksOf('kubevirt.io/v1')).toBeGreaterThan(asked), within);
    served = { 'kubevirt.io/v1': machines() };
    await vi.waitFor(() => expect(told).toEqual([]), within);
    served = {};
    stir();
    await vi.waitFor(() => expect(told).toEqual([NO_MACHINE]), within);
  });

  it('that cannot be looked at any more are as they were; of what was never seen nobody knows', async () => {
    served = { 'kubevirt.io/v1': machines(), 'weather.example/v1': 403 };
    const told: unknown[] = [];
    const sink = async (now: unknown): Promise<undefined> => void told.push(now);
    watching = kubernetesClusterKinds({ api: at.api, log: quiet }).watch([MACHINE, SNOW], sink, ending.signal);
    await vi.waitFor(
      () => expect(told.at(-1)).toMatchObject([{ ...SNOW, why: expect.stringMatching(/is not known/), unknown: true }]),
      within,
    );
    await vi.waitFor(() => expect(open).toHaveLength(1), within);
    const before = told.length;
    served = { 'kubevirt.io/v1': 503, 'weather.example/v1': 403 };
    const asked = asksOf('kubevirt.io/v1');
    stir();
    await vi.waitFor(() => expect(asksOf('kubevirt.io/v1')).toBeGreaterThan(asked + 1), within);
    expect(told).toHaveLength(before);
  });

  it('keep a ServiceBlueprint off sale, and no other', async () => {
    const template = { name: 'machine', serviceData: { ...MACHINE, metadata: { name: 'machine' } } };
    written = [serviceBlueprint('db'), serviceBlueprint('vm', { name: 'vm', templates: [...databaseTemplates, template] })];
    expect(readServiceBlueprint(serviceBlueprint('vm', { templates: [...databaseTemplates, template] }) as never)).not.toHaveProperty(
      'wrong',
    );
    let told: unknown;
    const sink = async ({ blueprints }: { readonly blueprints: unknown }): Promise<undefined> => void (told = blueprints);
    watching = kubernetesServiceBlueprints({ api: at.api, log: quiet }).watch('fluidos', sink, ending.signal);
    const good = { name: 'db', blueprint: { name: 'db' } };
    await vi.waitFor(() => expect(told).toMatchObject([good, { name: 'vm', wrong: NO_MACHINE.why }]), within);
    served = { 'kubevirt.io/v1': machines() };
    stir();
    await vi.waitFor(() => expect(told).toMatchObject([good, { name: 'vm', blueprint: { name: 'vm' } }]), within);
  });

  it('make a ServiceBlueprint unsure while the API server does not say', async () => {
    const template = { name: 'machine', serviceData: { ...MACHINE, metadata: { name: 'machine' } } };
    written = [serviceBlueprint('db'), serviceBlueprint('vm', { name: 'vm', templates: [...databaseTemplates, template] })];
    served = { 'kubevirt.io/v1': 503 };
    let told: unknown;
    const sink = async ({ blueprints }: { readonly blueprints: unknown }): Promise<undefined> => void (told = blueprints);
    watching = kubernetesServiceBlueprints({ api: at.api, log: quiet }).watch('fluidos', sink, ending.signal);
    const vm = { name: 'vm', blueprint: { name: 'vm' }, unsure: expect.stringContaining('is not known') };
    await vi.waitFor(() => expect(told).toMatchObject([{ name: 'db' }, vm]), within);
  });
});
