/** A contract that its seller did not sign is none. */
import { expect, test } from 'vitest';
import type { Agreement } from '../../src/domain/agreement.ts';
import { playBuyer } from './buyer.ts';
import { identity } from './trade.ts';

const NORTH = identity('north').address;
const { stage, open, start, finish } = playBuyer();

test.each<[string, (agreement: Agreement | undefined) => Agreement | undefined]>([
  ['does not sign its contract', () => undefined],
  ['signs other terms', (agreement) => agreement && { ...agreement, payload: `${agreement.payload.slice(0, -1)}A` }],
  [
    'shows the signature of another',
    (agreement) =>
      agreement && { ...agreement, signatures: agreement.signatures.map((signature) => ({ ...signature, signature: 'A'.repeat(86) })) },
  ],
])('a seller that %s is a liar: another one serves, and nothing is left at it', async (_, change) => {
  await open({}, ({ peers: { peers } }) => {
    const at: typeof peers.at = (address, options) => {
      const peer = peers.at(address, options);
      if (address !== NORTH) return peer;
      return {
        ...peer,
        purchase: async (input) => {
          const { agreement, ...bought } = await peer.purchase(input);
          const changed = change(agreement);
          return { ...bought, ...(changed && { agreement: changed }) };
        },
      };
    };
    return { peers: { at } };
  });
  const name = await start('unsigned');
  expect((await stage.untilInUse(name)).place).toMatchObject({ kind: 'remote', seller: 'west.example' });
  const plan = (await stage.node.processes.readIntent(name))?.plan ?? [];
  expect(plan).toContainEqual(
    expect.objectContaining({ seller: 'north.example', reasons: expect.arrayContaining([expect.stringContaining('PEER_LIED')]) }),
  );
  await finish(name);
});
