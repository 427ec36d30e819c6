/** Whatever our workflows call with a heartbeat timeout says that it lives, however slow the thing behind it is: one that Temporal takes for dead may still take effect. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { test } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { allActivities } from '../../activities/index.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';

/** A port of which nobody ever answers; `at` gives another one. */
const silent = new Proxy({}, { get: (_, name) => (name === 'at' ? () => silent : () => new Promise(() => {})) });
const deps = new Proxy({ timing: DEFAULT_TIMING, self: { id: 'south' } } as unknown as ActivityDeps, {
  get: (known, name) => Reflect.get(known, name) ?? silent,
});

test.concurrent.each([
  ...(['reserve', 'buy', 'giveUp', 'sell', 'giveBack'] as const),
  ...(['joinPeering', 'ensureTenant', 'removeTenant', 'ensureIdentity', 'removeIdentity', 'removeMeetingPlace'] as const),
  ...(['extend', 'withdrawSlice', 'awaitSliceGone', 'admitSlice', 'stopSlice'] as const),
  ...(['prepareNamespace', 'removeNamespace', 'moveOffloadingAway', 'deploy', 'removeWorkload', 'reconcile'] as const),
])('%s heartbeats while it waits', async (name) => {
  const run = allActivities(deps)[name] as (input: unknown) => Promise<unknown>;
  const environment = new MockActivityEnvironment();
  const beaten = new Promise((resolve) => environment.on('heartbeat', resolve));
  void environment.run(run, { candidate: { seller: {} }, runId: 'run', sellers: [] });
  await beaten;
});
