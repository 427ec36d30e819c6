/** The list as it is kept between questions, and cut where it is long. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { flavorId } from '../../src/domain/ids.ts';
import { currentList, shared } from '../../src/http/rear/list.ts';
import { memoryInventory } from '../fakes/memory-inventory.ts';
import { rawCall } from '../fakes/raw-http.ts';
import { rearNode } from '../fakes/rear-node.ts';
import { handClock, identityOf, sliceOf } from '../fakes/samples.ts';

vi.setConfig({ testTimeout: 30_000 });

const clock = handClock();
const idsOf = (text: string): string[] => (JSON.parse(text) as { flavorID: string }[]).map(({ flavorID }) => flavorID);

describe('a long list', () => {
  const shortOf = async (path: string, listMost: number) => {
    const { memory, identity, port, close } = await rearNode({ name: 'long', clock, options: { listMost } });
    for (const id of ['c', 'a', 'd', 'b']) await memory.inventory.publish(sliceOf(identity, { id: flavorId(id) }));
    const { text, headers } = await rawCall(port, 'GET', path);
    await close();
    return [idsOf(text), headers['rearguard-more']];
  };
  test.each([
    ['/api/v2/flavors', 3, ['a', 'b', 'c'], 'true'],
    ['/api/v2/flavors', 4, ['a', 'b', 'c', 'd'], undefined],
    ['/api/v2/flavors/k8slice', 2, ['a', 'b'], 'true'],
    ['/api/v2/flavors/k8slice?filter[cpu][match]=8', 1, ['a'], 'true'],
    ['/api/v2/flavors/k8slice?filter[cpu][match]=9', 1, [], undefined],
    ['/api/v2/flavors/service', 1, [], undefined],
  ])('%s is cut after %d, always the same ones, and says so', async (path, most, ids, more) => {
    expect(await shortOf(path, most)).toEqual([ids, more]);
  });
});

describe('the kept list', () => {
  test('askers at the same time share one question, which began after each of them came', async () => {
    const gates: (() => void)[] = [];
    let asked = 0;
    const { ask } = shared(async () => {
      asked += 1;
      const mine = asked;
      await new Promise<void>((resolve) => gates.push(resolve));
      return mine;
    }, 0);
    const first = ask();
    const rest = Array.from({ length: 10 }, () => ask());
    gates[0]?.();
    expect(await first).toBe(1);
    await vi.waitFor(() => expect(gates).toHaveLength(2));
    gates[1]?.();
    expect(await Promise.all(rest)).toEqual(rest.map(() => 2));
  });

  describe('young enough for 20 ms', () => {
    function asking() {
      vi.useFakeTimers({ toFake: ['performance'] });
      onTestFinished(() => void vi.useRealTimers());
      const gates: (() => void)[] = [];
      let asked = 0;
      const list = shared(async () => {
        asked += 1;
        const mine = asked;
        await new Promise<void>((resolve) => gates.push(resolve));
        return mine;
      }, 20);
      return {
        ...list,
        asked: () => asked,
        async answer(n: number): Promise<void> {
          gates[n - 1]?.();
          await nextTurn();
        },
      };
    }

    test('an answer serves who comes a while after its question began, until somebody outdates it', async () => {
      const { ask, outdate, answer } = asking();
      const answers = [ask()];
      vi.advanceTimersByTime(19);
      answers.push(ask());
      // Too late for the one under way, and the same for everybody who is.
      vi.advanceTimersByTime(1);
      answers.push(ask(), ask());
      await answer(1);
      answers.push(ask());
      outdate();
      answers.push(ask());
      await answer(2);
      answers.push(ask());
      await answer(3);
      answers.push(ask());
      expect(await Promise.all(answers)).toEqual([1, 1, 2, 2, 2, 3, 3, 3]);
    });

    test('half way it is asked for anew, and nobody waits for that until then', async () => {
      const { ask, asked, answer } = asking();
      const first = ask();
      await answer(1);
      vi.advanceTimersByTime(9);
      expect([await ask(), asked()]).toEqual([1, 1]);
      vi.advanceTimersByTime(1);
      expect([await ask(), await ask(), asked()]).toEqual([1, 1, 2]);
      vi.advanceTimersByTime(10);
      const late = ask();
      await answer(2);
      expect([await first, await late, await ask(), asked()]).toEqual([1, 2, 2, 3]);
    });
  });

  test('nobody sees half of what is sorted in by parts', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const many = Array.from({ length: 10_001 }, (_, n) => ({
      lineage: `l-${n}`,
      flavor: sliceOf(identityOf('north'), { id: flavorId(`f-${n}`) }),
    }));
    const pages = [many.slice(0, 1), many, []];
    const changes = async () => {
      await nextTurn();
      return { listings: pages.shift() ?? [], anew: pages.length === 2, more: false, now: 0, next: 'there' };
    };
    const { ask } = currentList({ changes }, { most: 20_000, ageMs: 20 });
    const lengths: number[] = [];
    for (let turn = 0; turn < 9; turn += 1) {
      const list = await ask();
      // Of each query what was answered once is remembered.
      lengths.push(idsOf(new TextDecoder().decode(list.slices(`${turn}`, {}).body)).length);
      if (turn === 0) vi.advanceTimersByTime(10);
      else await nextTurn();
    }
    expect(new Set(lengths)).toEqual(new Set([1, 10_001]));
  });

  test('a failed question fails its askers, and the next one is asked anew', async () => {
    let asked = 0;
    const { ask } = shared(async () => {
      asked += 1;
      if (asked === 1) throw new Error('down');
      return 'up';
    }, 60_000);
    const [first, second] = [ask(), ask()];
    await expect(first).rejects.toThrow('down');
    await expect(second).rejects.toThrow('down');
    expect(await ask()).toBe('up');
    expect([await ask(), asked]).toEqual(['up', 2]);
  });

  test('what is on sale is encoded once as long as nothing changes', async () => {
    const { inventory } = memoryInventory({ clock });
    const { ask: current } = currentList(inventory, { most: 10, ageMs: 0 });
    const before = await current();
    expect((await current()).all()).toBe(before.all());
    await inventory.publish(sliceOf(identityOf('north')));
    expect((await current()).all()).not.toBe(before.all());
  });

  test('it is read before anybody asks, and by the first who asks where that failed', async () => {
    const { inventory } = memoryInventory({ clock });
    let asked = 0;
    const changes: typeof inventory.changes = async (from) => {
      asked += 1;
      if (asked === 1) throw new Fault('STORE_UNAVAILABLE', 'down');
      return await inventory.changes(from);
    };
    const seller = await rearNode({ name: 'early', clock, options: { listAtOnce: true }, ports: { inventory: { ...inventory, changes } } });
    await inventory.publish(sliceOf(seller.identity));
    expect(asked).toBe(1);
    expect(idsOf((await rawCall(seller.port, 'GET', '/api/v2/flavors')).text)).toHaveLength(1);
    await seller.close();
  });

  test.each([0, 60_000])('a reservation shows in the next LIST, though %d ms were young enough; its end too', async (listAgeMs) => {
    const seller = await rearNode({ name: 'kept', clock, options: { listAgeMs } });
    await seller.memory.inventory.publish(sliceOf(seller.identity));
    const body = JSON.stringify({
      flavorID: sliceOf(seller.identity).id,
      buyerID: { ID: 'b', IP: 'b:1', additionalInformation: { liqoID: 'b-1' } },
      configuration: { type: 'k8slice', data: { cpu: '2', memory: '4Gi', pods: '20' } },
    });
    expect((await rawCall(seller.port, 'POST', '/api/v2/reservations', { body })).status).toBe(200);
    const { text } = await rawCall(seller.port, 'GET', '/api/v2/flavors');
    expect(text).toContain('"cpu":"6"');
    clock.advance(301_000);
    // What ends by time alone nobody is told of.
    if (listAgeMs > 0) await rawCall(seller.port, 'POST', '/api/v2/reservations/release');
    expect((await rawCall(seller.port, 'GET', '/api/v2/flavors')).text).toContain('"cpu":"8"');
    await seller.close();
  });
});
