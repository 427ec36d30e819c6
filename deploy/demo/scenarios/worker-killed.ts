import { ask, end, onlyAcquisition, peeringBegins, untilBought, untilPodRuns, untilStep } from './acts.ts';
import { type Scenario, expect } from './scenario.ts';

export const workerKilled: Scenario = {
  key: 'd',
  name: 'worker-killed',
  title: "The buyer's worker is killed in the middle of peering and started again: the intent completes as if nothing had happened",
  killsClusters: false,
  sellers: 1,
  async run(world, note) {
    const name = 'survives-worker';
    const [cheapest] = world.sellers;
    expect(cheapest !== undefined, 'there is no seller');
    const begun = peeringBegins(world.buyer);
    await ask(world, { name, cpu: '3', memory: '4Gi' });
    await begun;
    await world.buyer.processes.kill('work');
    const killedAt = Date.now();
    world.telling.act(`${world.buyer.name}: SIGKILL to rearguard work, as soon as its ResourceSlice was seen`);
    await world.buyer.processes.start('work');
    world.telling.act(`${world.buyer.name}: rearguard work is started again`);
    const place = await untilBought(world, name, cheapest);
    await onlyAcquisition(world, name);
    // Told by another workflow than the intent's, and so perhaps a moment later.
    const extended = (await untilStep(world, { intent: name, attempt: 0 }, 'extend', 'done', 20)).endedAt ?? 0;
    expect(extended > killedAt, 'the kill came too late: the virtual node was Ready already');
    note(`peering done ${((extended - killedAt) / 1000).toFixed(1)} s after the kill`);
    await untilPodRuns(world, name, place, cheapest);
    await end(world, name);
  },
};
