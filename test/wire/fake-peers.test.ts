import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { acquisitionId } from '../../src/domain/ids.ts';
import { peerContract } from '../contracts/peer.ts';
import { codeOf, type PeerHarness } from '../contracts/peer-harness.ts';
import { peerServiceContract } from '../contracts/peer-service.ts';
import { peerRenewalContract } from '../contracts/peer-renewal.ts';
import { fakePeers } from '../fakes/peers.ts';
import { blueprintOf, handClock, identityOf, sliceOf } from '../fakes/samples.ts';

const [seller, buyer] = [identityOf('north'), identityOf('south')];
const flavor = sliceOf(seller, { terms: { renewal: { kind: 'on-request', forMs: 86_400_000 } } });
const PART = { cpu: '2', memory: '4Gi', pods: '20' };

async function standing() {
  const clock = handClock();
  const fake = fakePeers({ clock });
  await fake.add({ identity: seller, flavors: [flavor] });
  await fake.add({ identity: buyer });
  return { clock, fake, peer: fake.peers.at(seller.address) };
}

const harness = async (): Promise<PeerHarness> => {
  const { clock, fake } = await standing();
  return {
    peers: fake.peers,
    seller,
    flavor,
    buyer,
    nowhere: 'nowhere.example:1',
    notary: fake.keys.notaryAt(buyer.address),
    now: clock.now,
    advance: clock.advance,
    storeBought: async () => {},
    endAtSeller: (contract, ending) => fake.endContract({ address: seller.address, contract, ending }),
    alive: () => ({ holds: fake.alive().holds.length, contracts: fake.alive().contracts.length }),
    notices: async () => fake.notices().map(({ contract }) => contract),
    close: async () => {},
  };
};
peerContract('the fake', harness);
peerRenewalContract('the fake', harness);

peerServiceContract('the fake', async () => {
  const clock = handClock();
  const fake = fakePeers({ clock });
  const [database, machine] = [blueprintOf(seller), blueprintOf(seller, 'vm')];
  let ready = true;
  const handover = () => (ready ? { secret: { username: 'user' }, endpoint: { host: 'db.example', port: 5432 } } : undefined);
  await fake.add({ identity: seller, flavors: [database, machine], handover });
  await fake.add({ identity: buyer });
  return {
    peers: fake.peers,
    seller,
    database,
    machine,
    buyer,
    notary: fake.keys.notaryAt(buyer.address),
    now: clock.now,
    advance: clock.advance,
    alive: () => ({ holds: fake.alive().holds.length, contracts: fake.alive().contracts.length }),
    setReady: (value) => {
      ready = value;
    },
    close: async () => {},
  };
});

describe('troubles of the fake', () => {
  const reserve = (peer: Awaited<ReturnType<typeof standing>>['peer']) =>
    peer.reserve({ flavor: flavor.id, buyer, part: PART, idempotencyKey: acquisitionId('a-1') });

  test('a refusal has no effect; a lost answer has one', async () => {
    const { fake, peer } = await standing();
    fake.trouble({ address: seller.address, call: 'reserve', trouble: { kind: 'refuse', fault: new Fault('NOT_ENOUGH', 'sold out') } });
    expect(await codeOf(reserve(peer))).toBe('NOT_ENOUGH');
    expect(fake.alive().holds).toHaveLength(0);
    fake.trouble({ address: seller.address, call: 'reserve', trouble: { kind: 'lose-answer' } });
    expect(await codeOf(reserve(peer))).toBe('PEER_TIMEOUT');
    expect(fake.alive().holds).toHaveLength(1);
    expect(fake.calls().map(({ outcome }) => outcome)).toEqual(['failed', 'failed']);
  });

  test('a hanging call ends with its signal, or when told', async () => {
    const { fake, peer } = await standing();
    fake.trouble({ address: seller.address, call: 'reserve', trouble: { kind: 'hang', when: 'after' }, times: 2 });
    const abort = new AbortController();
    const hanging = reserve(fake.peers.at(seller.address, { signal: abort.signal }));
    await fake.whenHanging('reserve');
    abort.abort(new Error('cancelled'));
    await expect(hanging).rejects.toThrow('cancelled');
    const second = codeOf(reserve(peer));
    await fake.whenHanging('reserve');
    fake.abortHanging();
    expect(await second).toBe('PEER_TIMEOUT');
    expect(fake.alive().holds).toHaveLength(1);
  });

  test('a FLUIDOS seller knows no extension and forgets a transaction with its first purchase', async () => {
    const fake = fakePeers({ clock: handClock() });
    await fake.add({ identity: seller, flavors: [flavor], dialect: 'fluidos' });
    const peer = fake.peers.at(seller.address);
    expect(await peer.describe()).toEqual({ dialect: 'fluidos', extensions: [] });
    const { id } = await reserve(peer);
    fake.trouble({ address: seller.address, call: 'purchase', trouble: { kind: 'lose-answer' } });
    expect(await codeOf(peer.purchase({ transaction: id, buyer }))).toBe('PEER_TIMEOUT');
    expect(await codeOf(peer.purchase({ transaction: id, buyer }))).toBe('HOLD_EXPIRED');
    expect(await codeOf(peer.release({ buyer, idempotencyKey: acquisitionId('a-1') }))).toBe('PEER_REFUSED');
    expect(fake.alive().contracts).toHaveLength(1);
  });

  test('an unreachable node comes back', async () => {
    const { fake, peer } = await standing();
    fake.setReachable(seller.address, false);
    expect(await codeOf(peer.describe())).toBe('PEER_UNREACHABLE');
    fake.setReachable(seller.address, true);
    expect(await codeOf(peer.describe())).toBe('answered');
  });
});
