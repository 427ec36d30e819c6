/** Whether a namespace that Liqo made for a buyer is forgotten, on an API server in memory whose two watches are in no order. */
import { expect, test } from 'vitest';
import type { Api } from '../../src/adapters/kubernetes/api.ts';
import { KINDS, type Kind } from '../../src/adapters/kubernetes/kinds.ts';
import { removeOrphans } from '../../src/adapters/kubernetes/orphans.ts';
import { clusterId } from '../../src/domain/ids.ts';

const SPACE = {
  metadata: {
    name: 'shop-south',
    annotations: { 'liqo.io/managed-by-namespace-map': 'liqo-tenant-south/north', 'liqo.io/original-name': 'shop' },
  },
};
const map = (names: object) => ({ metadata: { name: 'north', namespace: 'liqo-tenant-south' }, ...names });

/** An API server that shows `first` of the maps when they are asked for first, and `then` from there on; answers what was deleted. */
async function removed(first: readonly object[], then: readonly object[]): Promise<readonly string[]> {
  const gone: string[] = [];
  let asked = 0;
  let told: (event: { type: 'DELETED'; object: typeof SPACE }) => void = () => undefined;
  const api = {
    connection: { bounds: { objects: 100 } },
    list: async (kind: Kind) => {
      if (kind === KINDS.namespace) return { items: [SPACE], resourceVersion: '1' };
      asked += 1;
      return { items: asked === 1 ? first : then, resourceVersion: '1' };
    },
    watch: async (kind: Kind, _where: unknown, _version: unknown, signal: AbortSignal, onEvent: typeof told) => {
      if (kind === KINDS.namespace) told = onEvent;
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
    remove: async (_kind: Kind, { name }: { readonly name: string }) => {
      gone.push(name);
      setImmediate(() => told({ type: 'DELETED', object: SPACE }));
    },
  } as unknown as Api;
  await removeOrphans(api, clusterId('south'), { timeoutMs: 5_000 });
  return gone;
}

test('one that no map names is taken away', async () => {
  expect(await removed([], [])).toEqual(['shop-south']);
  const other = map({ spec: { desiredMapping: { other: 'other-south' } }, status: { currentMapping: { other: {} } } });
  expect(await removed([other], [other])).toEqual(['shop-south']);
});

test.each([
  ['still wants', map({ spec: { desiredMapping: { shop: 'shop-south' } } })],
  ['still has in its status', map({ status: { currentMapping: { shop: { phase: 'Terminating' } } } })],
])('one that a map %s stays', async (_, known) => {
  expect(await removed([known], [known])).toEqual([]);
});

test('one of which the map was not seen yet, though it is there, stays', async () => {
  expect(await removed([], [map({ spec: { desiredMapping: { shop: 'shop-south' } } })])).toEqual([]);
});
