/** A whole node lists what somebody writes into its cluster as a FLUIDOS Flavor, as it is written, for as long as it is there. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writtenFlavor } from '../fakes/written-flavors.ts';
import { type Pair, openPair } from './pair.ts';

/** From the cluster's word until other nodes read it. */
const WITHIN = { timeout: 2_000, interval: 50 } as const;
let pair: Pair;
beforeAll(async () => {
  pair = await openPair({ sellers: ['north'], fluidos: { namespace: 'fluidos' } });
  await pair.untilReady();
});
afterAll(() => pair.stop());

/** As the wire spells it. */
interface Listed {
  readonly flavorID: string;
  readonly price: { readonly amount: string };
  readonly type: {
    readonly data: {
      readonly charateristics: { readonly cpu: string };
      readonly properties?: { readonly additionalProperties?: Record<string, unknown> };
    };
  };
}
/** What LIST says of resources: name, cores and price. */
async function listed(): Promise<readonly (readonly unknown[])[]> {
  const answer = await fetch(`${pair.rear.north}/api/v2/flavors`);
  expect(answer.status).toBe(200);
  return ((await answer.json()) as readonly Listed[])
    .map(({ type: { data }, price }) => [
      data.properties?.additionalProperties?.['rearguard.dev/flavor-resource'],
      data.charateristics.cpu,
      price.amount,
    ])
    .filter(([name]) => name !== undefined)
    .toSorted();
}

test('a Flavor is listed within two seconds, changes, and goes again when it is deleted or its definition is', async () => {
  const { write, uninstall } = pair.flavors.north;
  const dearer = { price: { amount: '1.5', currency: 'EUR', period: 'hourly' } };
  await write();
  expect(await listed()).toEqual([]);
  await write(writtenFlavor('big'));
  await expect.poll(listed, WITHIN).toEqual([['big', '8', '0.9']]);
  await write(writtenFlavor('big'), writtenFlavor('small', {}, { cpu: '2' }));
  await expect.poll(listed, WITHIN).toEqual([
    ['big', '8', '0.9'],
    ['small', '2', '0.9'],
  ]);
  await write(writtenFlavor('big', dearer, { cpu: '6' }), writtenFlavor('small', { availability: false }, { cpu: '2' }));
  await expect.poll(listed, WITHIN).toEqual([['big', '6', '1.5']]);
  await write();
  await expect.poll(listed, WITHIN).toEqual([]);
  await write(writtenFlavor('big'));
  await expect.poll(listed, WITHIN).toEqual([['big', '8', '0.9']]);
  await uninstall();
  await expect.poll(listed, WITHIN).toEqual([]);
});
