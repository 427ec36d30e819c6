import { acquisitions, ask, end, peeringBegins, untilBought, untilClosed, untilPodRuns, untilNextSells, untilStep } from './acts.ts';
import { type Scenario, expect } from './scenario.ts';

export const nodeKilled: Scenario = {
  key: 'c2',
  name: 'node-killed',
  title:
    'The cheapest seller dies whole, its Kubernetes too, in the middle of peering: the buyer buys of the next seller while the first is down',
  killsClusters: true,
  sellers: 2,
  async run(world, note) {
    const name = 'survives-node';
    const [cheapest, second] = world.sellers;
    expect(cheapest !== undefined && second !== undefined, 'there are no two sellers');
    const begun = peeringBegins(cheapest);
    await ask(world, { name, cpu: '3', memory: '4Gi' });
    await begun;
    await cheapest.killWhole();
    const killedAt = Date.now();
    world.telling.act(
      `${cheapest.name}: SIGKILL to Kubernetes, Liqo, rearguard serve and work, as soon as the buyer's ResourceSlice was seen there`,
    );
    await untilNextSells(world, { intent: name, gone: cheapest, since: killedAt, next: second, note });
    // Had the virtual node been Ready already, the kill would have come too late, and this step would be done.
    await untilStep(world, { intent: name, attempt: 0 }, 'extend', 'failed', 20);
    const [first] = acquisitions(world, name);
    const place = await untilBought(world, name, second);
    await untilPodRuns(world, name, place, second);
    expect(first !== undefined && first.open, `${cheapest.name} is down and yet nothing is left to undo there`);
    world.telling.act(`${cheapest.name} is started again, its Kubernetes first`);
    await cheapest.startWhole();
    // Liqo's watches back off for up to 75 s when the other side was away.
    await untilClosed(world, first, 180);
    await end(world, name);
  },
};
