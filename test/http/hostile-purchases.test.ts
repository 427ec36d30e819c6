/** A seller that sells honestly, and hands out a kubeconfig that would do harm: asked and answered on the wire, with the activities that buy and the looks of a real cluster. We keep nothing, sign nothing, and end what it sold. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isFault } from '../../src/domain/faults.ts';
import { acquisitionId, credentialsSecret } from '../../src/domain/ids.ts';
import { termsOf } from '../contracts/samples.ts';
import { HOSTILE_KUBECONFIGS } from '../fakes/kubeconfigs.ts';
import { openSigningNodes, type SigningNodes } from '../fakes/signing-nodes.ts';
import { acquisition, ending, HONEST, reserved } from './purchase-subject.ts';

vi.setConfig({ testTimeout: 30_000 });

let nodes: SigningNodes;
beforeEach(async () => {
  nodes = await openSigningNodes();
});
afterEach(() => nodes.close());

test('what an honest one hands out is kept and its contract signed, until that is given up', async () => {
  const { buys, givesUp, kept, told, held, sold, contract } = await reserved(nodes);
  expect(await buys()).toMatchObject({ contract, sellerCluster: HONEST.clusterId });
  expect([kept(), await told(), (await held()).length]).toEqual([[credentialsSecret(acquisition)], [], 1]);
  expect(await sold()).toEqual({ state: 'active', ending: undefined, signatures: 2, living: 1 });
  expect(await givesUp()).toEqual({ residue: false });
  expect([kept(), await held()]).toEqual([[], []]);
  expect(await sold()).toEqual({ state: 'over', ending, signatures: 2, living: 0 });
});

test.each(HOSTILE_KUBECONFIGS)(
  'what was sold with %s in its kubeconfig is refused, told of, not signed, and ended on both sides',
  async (_, kubeconfig, words) => {
    const { buys, givesUp, kept, written, asked, told, held, ended, sold, contract } = await reserved(nodes, {
      credentials: { ...HONEST, kubeconfig },
    });
    const refused = await buys().then(
      () => 'bought',
      (error: unknown) => (isFault(error) ? [error.code, error.message, error.facts['unsold']] : error),
    );
    expect(refused).toEqual(['KUBECONFIG_REFUSED', expect.stringMatching(words), undefined]);
    expect(await told()).toEqual([['peer-lied', 'hostile-node', contract, 'KUBECONFIG_REFUSED']]);
    expect([kept(), written, asked]).toEqual([[], [], []]);
    expect(await sold()).toEqual({ state: 'active', ending: undefined, signatures: 1, living: 1 });
    // Its compensation may run again, after an answer that was lost.
    for (let n = 0; n < 2; n += 1) expect(await givesUp()).toEqual({ residue: false });
    expect([kept(), written, await held(), await ended()]).toEqual([[], [], [], ending]);
    expect(await sold()).toEqual({ state: 'over', ending, signatures: 1, living: 0 });
  },
);

test('one that names a contract of ours with somebody else is told of under none, and that contract lives on', async () => {
  const { contracts, buys, givesUp, kept, told, held, sold, contract } = await reserved(nodes);
  await contracts.storeBought({ terms: termsOf({ id: contract }), acquisition: acquisitionId('ba9876543210-1') });
  await expect(buys()).rejects.toMatchObject({ code: 'PEER_LIED', message: expect.stringContaining('another contract of ours') as string });
  expect(await told()).toEqual([['peer-lied', 'hostile-node', undefined, 'PEER_LIED']]);
  expect(await givesUp()).toEqual({ residue: false });
  expect([kept(), (await held()).map(({ terms }) => terms.seller.id)]).toEqual([[], ['north']]);
  expect(await sold()).toMatchObject({ state: 'over', signatures: 1, living: 0 });
});
