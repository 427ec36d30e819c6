/** The two nodes that deploy/playground/README.md shows are taken as they stand there, and know each other. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { isLoopback } from '../../src/http/rear/callback.ts';
import { ConfigurationSchema } from '../../src/runtime/configuration.ts';

const manual = readFileSync(path.join(import.meta.dirname, '../../deploy/playground/README.md'), 'utf8');
const files = new Map(
  [...manual.matchAll(/```yaml\n# \.rearguard\/(\w+)\.yaml\n([^]*?)```/g)].map(([, name = '', text = '']) => [name, text]),
);
const of = (name: string) => ConfigurationSchema.parse(parse(files.get(name) ?? ''));

test('a seller that may sell, and a buyer that may go to its cluster on the same machine', () => {
  const [north, south] = [of('north'), of('south')];
  expect([north.liqo.enforcement, north.sell?.nodes]).toEqual(['Hard', '']);
  expect(south.cluster.loopbackSellers).toBe(true);
  expect(south.knownNodes.map(({ address }) => address)).toEqual([north.node.address]);
});

test.each(['north', 'south'])('%s listens where it announces itself and is asked whether it is ready, on this machine alone', (name) => {
  const { node, rear, api, work, cluster } = of(name);
  expect(rear.listen).toBe(node.address);
  for (const address of [rear.listen, api.listen, work.healthListen ?? '']) expect(isLoopback(address)).toBe(true);
  for (const address of [api.listen, work.healthListen]) expect(/^for at in (.*); do$/m.exec(manual)?.[1]?.split(' ')).toContain(address);
  expect(cluster.kubeconfig).toBe(`.rearguard/playground/clusters/${node.id}/kubeconfig`);
});
