import { acquisitions, ask, end, untilBought, untilClosed, untilPodRuns, untilNextSells, untilStep } from './acts.ts';
import { type Scenario, expect } from './scenario.ts';

export const sellerKilled: Scenario = {
  key: 'c1',
  name: 'seller-killed',
  title:
    'The cheapest seller dies between RESERVE and PURCHASE: the buyer undoes its own side, buys of the next seller while the first is down, and gives back there what was begun once it is up',
  killsClusters: false,
  sellers: 2,
  async run(world, note) {
    const name = 'survives-seller';
    const [cheapest, second] = world.sellers;
    expect(cheapest !== undefined && second !== undefined, 'there are no two sellers');
    // RESERVE is answered by `serve` alone; PURCHASE needs the worker. Without this the time between the two is a few milliseconds.
    cheapest.processes.freeze('work');
    world.telling.act(`${cheapest.name}: its worker is frozen (SIGSTOP), so that it can reserve but not sell`);
    await ask(world, { name, cpu: '3', memory: '4Gi' });
    await untilStep(world, { intent: name, attempt: 0 }, 'reserve', 'done', 60);
    await cheapest.processes.kill();
    const killedAt = Date.now();
    world.telling.act(`${cheapest.name}: SIGKILL to rearguard serve and work, after RESERVE and before PURCHASE was answered`);
    await untilNextSells(world, { intent: name, gone: cheapest, since: killedAt, next: second, note });
    const place = await untilBought(world, name, second);
    await untilPodRuns(world, name, place, second);
    const [first] = acquisitions(world, name);
    expect(first !== undefined && first.open, `${cheapest.name} is down and yet nothing is left to undo there`);
    world.telling.act(`${cheapest.name} is started again`);
    await cheapest.processes.start();
    await untilClosed(world, first, 90);
    await end(world, name);
  },
};
