/** A seller with something of every kind on sale, made anew before each test, and what a plain HTTP client sends it. */
import { afterEach, beforeEach } from 'vitest';
import { flavorId } from '../../src/domain/ids.ts';
import { rawCall } from '../fakes/raw-http.ts';
import { type RearNode, rearNode } from '../fakes/rear-node.ts';
import { handClock, sliceOf } from '../fakes/samples.ts';

export let clock = handClock();
export let node: RearNode;
beforeEach(async () => {
  clock = handClock();
  node = await rearNode({ name: 'north', clock });
  const slice = sliceOf(node.identity, { id: flavorId('slice') });
  await node.memory.inventory.publish(slice);
  const offer = { ...slice.offer, resources: { ...slice.offer.resources, gpu: '2' }, gpu: { model: 'A100', cores: '2', memory: '80Gi' } };
  await node.memory.inventory.publish({ ...slice, id: flavorId('gpus'), offer });
  const service = { name: 's', description: '', category: 'database', tags: [], hostingPolicies: [], configurationTemplate: {} };
  await node.memory.inventory.publish({ ...slice, id: flavorId('service'), offer: { kind: 'service', ...service } });
});
afterEach(async () => {
  await node.close();
});

export const BUYER = {
  ID: 'south-node',
  IP: '192.0.2.10:30000',
  domain: 'south.example',
  additionalInformation: { liqoID: 'south-1', kubeconfig: 'c2VjcmV0' },
};
export const DATA = { cpu: '2', memory: '4Gi', pods: '20' };
export const PROBLEM = { accept: 'application/problem+json' };
export const body = (change: object = {}): string =>
  JSON.stringify({ flavorID: 'slice', buyerID: BUYER, configuration: { type: 'k8slice', data: DATA }, ...change });
export const reserve = (text: string = body(), headers: Record<string, string> = {}) =>
  rawCall(node.port, 'POST', '/api/v2/reservations', { body: text, headers });
export const purchase = (id: string, text = '{}', headers: Record<string, string> = {}) =>
  rawCall(node.port, 'POST', `/api/v2/transactions/${id}/purchase`, { body: text, headers });
export const reserved = async (headers: Record<string, string> = {}): Promise<string> => {
  const { text } = await reserve(body(), headers);
  return (JSON.parse(text) as { transactionID: string }).transactionID;
};
