/** A slice and a database from one seller, by whole nodes over HTTP: what is handed over at the buyer is what the seller's instance has; ended, nothing is left on either side. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clusterId } from '../../src/domain/ids.ts';
import { type Pair, openPair } from './pair.ts';
import { document } from './trade.ts';

const PASSWORD = 'hunter-two-and-more';
let pair: Pair;
beforeAll(async () => {
  pair = await openPair({
    sellers: ['north'],
    blueprints: [{ name: 'orders', use: 'database', price: { amount: '0.05', currency: 'EUR' } }],
  });
  await pair.untilReady();
});
afterAll(() => pair.stop());

test('an application that needs a slice and a database gets both, and gives both back', async () => {
  const intent = document('shop', {
    services: [{ name: 'orders-db', category: 'database', configuration: { database: 'orders', password: PASSWORD } }],
  });
  const run = await pair.rearguard('south', ['intent', 'run', '-f', 'x', '--watch'], intent);
  expect([run.exit, run.err]).toEqual([0, '']);
  const [contract] = await pair.hosting.north.hosting.instances();
  if (!contract) throw new Error('nothing was made');
  const made = await pair.hosting.north.hosting.look({ contract, secret: 'credentials' });
  const [handed] = [...pair.liqo.cluster(clusterId('south')).handedOver.values()];
  expect(made?.secret).toMatchObject({ database: 'orders', password: PASSWORD });
  expect(handed?.values).toEqual({ ...made?.secret, host: `database.${contract}.svc`, port: '5432' });
  // Whatever anybody may read of it has no secret: contracts of both sides, and what was signed.
  for (const node of ['south', 'north'] as const) {
    const shown = await pair.rearguard(node, ['--json', 'contract', 'show', contract]);
    expect(JSON.parse(shown.out)).toMatchObject({
      terms: { service: { hostingPolicy: 'Provider', configuration: { database: 'orders' } } },
    });
    expect(shown.out).not.toContain(PASSWORD);
    const verified = await pair.rearguard(node, ['contract', 'export', contract]);
    expect(verified.out).toContain('hostingPolicy');
    expect(verified.out).not.toContain(PASSWORD);
  }
  const ended = await pair.rearguard('south', ['intent', 'end', 'shop', '--watch']);
  expect([ended.exit, ended.out]).toEqual([0, expect.stringContaining('ended: ended-by-user')]);
  await pair.allOverAndReplayed();
});
