import { priceWords } from '../../../src/domain/money.ts';
import { ask, end, intentOf, untilBought, untilPodRuns } from './acts.ts';
import { type Scenario, expect } from './scenario.ts';

export const bought: Scenario = {
  key: 'b',
  name: 'bought',
  title: 'What does not fit at home is bought: the cheapest offer wins, is used, and is given back',
  killsClusters: false,
  sellers: 1,
  async run(world, note) {
    const name = 'away';
    const [cheapest] = world.sellers;
    expect(cheapest !== undefined, 'there is no seller');
    await ask(world, { name, cpu: '3', memory: '4Gi' });
    const place = await untilBought(world, name, cheapest);
    const offers = intentOf(world, name)?.plan?.filter(({ hourly }) => hourly) ?? [];
    const won = offers.find(({ verdict }) => verdict === 'held');
    const others = offers.filter((offer) => offer !== won);
    expect(
      won !== undefined && others.every(({ hourly }) => Number(hourly?.amount) >= Number(won.hourly?.amount)),
      'the cheapest offer did not win',
    );
    const price = won.hourly ? priceWords(won.hourly) : 'no price';
    note(`${cheapest.name} won at ${price}`);
    world.telling.say(`${cheapest.name} won: ${price}, the cheapest of ${offers.length} offers`);
    await untilPodRuns(world, name, place, cheapest);
    await end(world, name);
  },
};
