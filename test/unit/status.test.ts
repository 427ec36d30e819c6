import { expect, test } from 'vitest';
import { clusterId, nodeId } from '../../src/domain/ids.ts';
import { reduceIntent } from '../../src/domain/intent.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import { type IntentState, openState } from '../../workflows/consumer/intent-state.ts';
import { statusOf } from '../../workflows/consumer/status.ts';
import { document, pod } from './documents.ts';

const self = { id: nodeId('here'), address: 'here:1', domain: 'here.example', clusterId: clusterId('here') };
function stateWith(change: Partial<IntentState>): IntentState {
  const reduced = reduceIntent(document({ workload: { manifests: [pod('web')] } }), 0);
  if (!('ok' in reduced)) throw new Error(JSON.stringify(reduced.problems));
  return { ...openState({ self, timing: DEFAULT_TIMING }, reduced.ok, 0), ...change };
}

test.each([
  ['searches', { phase: 'discovery' as const }, '', undefined, 'working'],
  ['deploys', { phase: 'usage' as const, waitingFor: 'pods on a virtual node' }, '', undefined, 'working'],
  ['runs', { phase: 'usage' as const }, '', undefined, 'in-use'],
  ['ends', { phase: 'teardown' as const, ending: { reason: 'deadline' as const } }, '', undefined, 'ending'],
  ['cannot undo', { phase: 'teardown' as const, ending: { reason: 'deadline' as const } }, 'reserve (there): away', undefined, 'stuck'],
  ['is over', { phase: 'teardown' as const, ending: { reason: 'deadline' as const } }, '', 5, 'ended'],
])('an intent that %s says so', (_, change, residue, endedAt, state) => {
  expect(statusOf(stateWith(change), residue, endedAt).state).toBe(state);
});
