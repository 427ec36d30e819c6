/** What every `Peer` must do with blueprints, real or fake: given a seller of one instance of each of two. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { checkContract } from '../../src/domain/contract-check.ts';
import type { Agreement } from '../../src/domain/agreement.ts';
import type { ContractTerms, ServiceTerms } from '../../src/domain/contract.ts';
import type { BlueprintFlavor } from '../../src/domain/flavor.ts';
import { type AcquisitionId, acquisitionId, clusterId } from '../../src/domain/ids.ts';
import { NOTHING } from '../../src/domain/resources.ts';
import type { Peer } from '../../src/ports/peer.ts';
import { codeOf, endOf, type PeerHarness } from './peer-harness.ts';

export interface ServiceHarness extends Omit<PeerHarness, 'flavor' | 'storeBought' | 'endAtSeller' | 'notices' | 'nowhere'> {
  /** Two `blueprintOf` its seller, of one instance each. */
  readonly database: BlueprintFlavor;
  readonly machine: BlueprintFlavor;
  /** From now on instances are ready at once, or not at all. */
  setReady(ready: boolean): void;
}

const SERVICE: ServiceTerms = { hostingPolicy: 'Provider', configuration: { database: 'orders', password: 'hunter-two' } };

export function peerServiceContract(name: string, start: () => Promise<ServiceHarness>): void {
  describe(`Peer with blueprints: ${name}`, () => {
    let at: ServiceHarness;
    let seller: Peer;
    let attempt = 0;
    let key: AcquisitionId;
    beforeAll(async () => {
      at = await start();
    });
    afterAll(async () => {
      await at.close();
    });
    beforeEach(() => {
      seller = at.peers.at(at.seller.address);
      at.setReady(true);
      attempt += 1;
      key = acquisitionId(`c0ffee00feed-${attempt}`);
    });
    const reserve = (change: { of?: BlueprintFlavor; service?: ServiceTerms; key?: AcquisitionId } = {}) => {
      const flavor = change.of ?? at.database;
      return seller.reserve({
        flavor: flavor.id,
        buyer: at.buyer,
        part: NOTHING,
        service: { kind: flavor.offer.kind, ...(change.service ?? SERVICE) },
        idempotencyKey: change.key ?? key,
      });
    };
    const buy = async (of = at.database) => {
      const transaction = await reserve({ of });
      return { transaction, ...(await seller.purchase({ transaction: transaction.id, buyer: at.buyer })) };
    };
    const countersign = async ({ terms, agreement }: { readonly terms: ContractTerms; readonly agreement?: Agreement | undefined }) => {
      if (!agreement) throw new Error('it sold without a signature');
      const [, signature] = (await at.notary.countersign({ terms, agreement })).signatures;
      if (!signature) throw new Error('two signatures');
      await seller.countersign({ contract: terms.id, buyer: at.buyer, signature });
    };
    const tidy = () => seller.release({ buyer: at.buyer, idempotencyKey: key });
    const listed = async (kind: 'service' | 'vm'): Promise<readonly string[]> =>
      (await seller.listFlavors({ kind })).flavors.map(({ id }) => id);

    test('says that it hands over', async () => {
      expect((await seller.describe()).extensions).toContain('handover');
    });

    test('lists each kind where it belongs; a virtual machine nowhere else, since a FLUIDOS node fails on the word', async () => {
      expect((await seller.listFlavors({ kind: 'service' })).flavors).toEqual([at.database]);
      expect((await seller.listFlavors({ kind: 'vm' })).flavors).toEqual([at.machine]);
      expect(await seller.listFlavors({ kind: 'service', category: 'database', tags: ['sql'] })).toMatchObject({ flavors: [at.database] });
      expect(await seller.listFlavors({ kind: 'service', category: 'message-queue' })).toMatchObject({ flavors: [] });
      expect(await seller.listFlavors({ kind: 'service', tags: ['sql', 'none'] })).toMatchObject({ flavors: [] });
      expect((await seller.listFlavors()).flavors.map(({ id }) => id)).toEqual([at.database.id]);
    });

    test('reserves instance by instance: what is held is not listed, and not held twice', async () => {
      await reserve();
      expect(await listed('service')).toEqual([]);
      expect(await codeOf(reserve({ key: acquisitionId(`${key}0`) }))).toBe('NOT_ENOUGH');
      expect(await listed('vm')).toEqual([at.machine.id]);
      await tidy();
      expect(await listed('service')).toEqual([at.database.id]);
    });

    test('sells what was configured, without secrets in the terms and without credentials of a cluster; the same when asked again', async () => {
      const { transaction, terms, credentials, agreement } = await buy();
      const asked = { transaction: transaction.id, flavor: at.database, part: NOTHING, service: SERVICE, buyer: at.buyer } as const;
      checkContract({ ...asked, dialect: 'rearguard', lifetimeMs: { min: 60_000, max: 400 * 86_400_000 } }, terms, at.now());
      expect(terms.service).toEqual({ hostingPolicy: 'Provider', configuration: { database: 'orders' } });
      expect(terms.price).toEqual(at.database.price);
      expect(credentials).toBeUndefined();
      await countersign({ terms, agreement });
      expect((await seller.purchase({ transaction: transaction.id, buyer: at.buyer })).terms).toEqual(terms);
      await tidy();
      expect(at.alive()).toEqual({ holds: 0, contracts: 0 });
      expect(await listed('service')).toEqual([at.database.id]);
    });

    test('hands over what its buyer needs to use it, to its buyer alone, once both signed and as long as the contract lives', async () => {
      const bought = await buy(at.machine);
      const { terms } = bought;
      expect(await codeOf(seller.handover({ contract: terms.id, buyer: at.buyer }))).toBe('BUYER_REFUSED');
      await countersign(bought);
      const { secret, endpoint } = await seller.handover({ contract: terms.id, buyer: at.buyer });
      expect(Object.keys(secret).length).toBeGreaterThan(0);
      expect(endpoint?.port).toBeGreaterThan(0);
      const stranger = { ...at.buyer, id: at.seller.id, clusterId: clusterId('stranger-1') };
      expect(await codeOf(seller.handover({ contract: terms.id, buyer: stranger }))).toBe('BUYER_REFUSED');
      at.setReady(false);
      expect(await codeOf(seller.handover({ contract: terms.id, buyer: at.buyer }))).toBe('SERVICE_PENDING');
      await seller.terminate({ contract: terms.id, buyer: at.buyer, ending: { reason: 'done' } });
      expect(await endOf(seller.handover({ contract: terms.id, buyer: at.buyer }))).toEqual({ reason: 'done' });
      expect(await listed('vm')).toEqual([at.machine.id]);
    });

    test('hands nothing over any more past the end that was agreed on, though its seller did not end the contract yet', async () => {
      const bought = await buy(at.machine);
      const { terms } = bought;
      await countersign(bought);
      at.advance(Date.parse(terms.expiresAt) - 1 - at.now());
      expect(await codeOf(seller.handover({ contract: terms.id, buyer: at.buyer }))).toBe('answered');
      at.advance(1);
      expect(await endOf(seller.handover({ contract: terms.id, buyer: at.buyer }))).toMatchObject({ reason: 'expired' });
      expect(await seller.readContract(terms.id)).toEqual({ state: 'active' });
    });
  });
}
