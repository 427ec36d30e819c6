import type { DemoNode, World } from '../world.ts';
import { ask, end, intentOf, podsAway, untilBought, untilPodRuns } from './acts.ts';
import { type Scenario, expect } from './scenario.ts';

/** Watches pods at a seller and remembers anything that happened to a running one. */
async function watchGuests(world: World, name: string, seller: DemoNode): Promise<{ readonly stop: () => readonly string[] }> {
  const seen: string[] = [];
  const following = seller.cluster.follow(await podsAway(world, name), ({ type, object }) => {
    if (type === 'DELETED' || object.status?.phase !== 'Running') seen.push(`${type} ${object.metadata?.name} ${object.status?.phase}`);
  });
  return {
    stop() {
      following.stop();
      return seen;
    },
  };
}

export const withdrawn: Scenario = {
  key: 'e',
  name: 'withdrawn',
  title: 'A seller ends one of two contracts of a buyer who does not help: that intent is told why and buys elsewhere, the other goes on',
  killsClusters: false,
  sellers: 2,
  async run(world, note) {
    const [loses, keeps] = ['loses', 'keeps'];
    const [cheapest, second] = world.sellers;
    expect(cheapest !== undefined && second !== undefined, 'there are no two sellers');
    for (const name of [keeps, loses]) {
      await ask(world, { name, cpu: '3', memory: '4Gi' });
      await untilPodRuns(world, name, await untilBought(world, name, cheapest), cheapest);
    }
    const lost = intentOf(world, loses)?.status?.place;
    expect(lost?.kind === 'remote', 'the intent has no remote place');
    const guests = await watchGuests(world, keeps, cheapest);
    // It could neither help nor hinder: whatever ends at the seller now, the seller has ended alone.
    world.buyer.processes.freeze('work');
    world.telling.act(`${world.buyer.name}: its worker is frozen (SIGSTOP), so that it cannot help`);
    const gone = cheapest.cluster.awaitEvent(
      `the end of the pod of ${loses} at ${cheapest.name}`,
      await podsAway(world, loses),
      60,
      ({ type }) => type === 'DELETED',
    );
    world.telling.act(`${cheapest.name} ends contract ${lost.contract}, which intent ${loses} runs on`);
    const endedAt = Date.now();
    try {
      await cheapest.api.endContract(lost.contract);
      await gone;
    } finally {
      world.buyer.processes.thaw('work');
    }
    note(`its pod at the seller gone after ${((Date.now() - endedAt) / 1000).toFixed(1)} s, without the buyer`);
    world.telling.act(`${cheapest.name}: the pod of ${loses} is gone; the buyer's worker goes on (SIGCONT)`);
    const place = await untilBought(world, loses, second);
    const told = intentOf(world, loses)?.journal.find(
      ({ step, detail }) => step === 'place-lost' && detail?.includes('withdrawn-by-seller'),
    );
    expect(told !== undefined, 'the intent was not told that the seller has withdrawn');
    world.telling.say(`intent ${loses} was told why: ${told.detail}`);
    await untilPodRuns(world, loses, place, second);
    const other = intentOf(world, keeps)?.status;
    expect(
      other?.state === 'in-use' && other.place?.kind === 'remote' && other.place.seller === `${cheapest.name}.example`,
      `intent ${keeps} did not go on at ${cheapest.name}`,
    );
    const disturbances = guests.stop();
    expect(disturbances.length === 0, `the other contract was disturbed: ${disturbances.join(', ')}`);
    world.telling.say(`intent ${keeps} went on at ${cheapest.name}: its pod never stopped running there`);
    await end(world, loses, keeps);
  },
};
