import { intentName, intentNamespace } from '../../../src/domain/ids.ts';
import { podsOf } from '../cluster.ts';
import { ask, end, untilIntent } from './acts.ts';
import { type Scenario, expect } from './scenario.ts';

export const fitsLocally: Scenario = {
  key: 'a',
  name: 'fits-locally',
  title: 'What fits at home runs at home, and nothing is bought',
  killsClusters: false,
  sellers: 0,
  async run(world) {
    const name = 'at-home';
    await ask(world, { name, cpu: '500m', memory: '256Mi', remote: false });
    await untilIntent(world, name, 'in use at home', 60, ({ state, place }) =>
      state === 'in-use' && place?.kind === 'local' ? place : undefined,
    );
    const pod = await world.buyer.cluster.awaitEvent(
      'a pod at home',
      podsOf(intentNamespace(intentName(name))),
      30,
      ({ object }) => object.status?.phase === 'Running',
    );
    world.telling.say(`${world.buyer.name}: pod Running on its own node ${pod.spec?.nodeName}`);
    expect((await world.buyer.api.contracts({ role: 'buyer', living: true })).length === 0, 'a contract was bought for what fits at home');
    await end(world, name);
  },
};
