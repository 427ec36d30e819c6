import {
  acquisitions,
  ask,
  end,
  intentOf,
  onlyAcquisition,
  peeringBegins,
  stepOf,
  untilBought,
  untilClosed,
  untilIntent,
  untilOver,
  untilPodRuns,
  untilNextSells,
  untilStep,
} from '../../deploy/demo/scenarios/acts.ts';
import { type Scenario, expect } from '../../deploy/demo/scenarios/scenario.ts';
import { intentDocument } from '../../deploy/demo/intents.ts';
import type { DemoNode, World } from '../../deploy/demo/world.ts';
import { signal } from '../../deploy/playground/process-identity.ts';
import { waitFor } from '../../deploy/playground/wait.ts';
import { intentName, intentNamespace, tenantNamespace, type ClusterId, workflowIds } from '../../src/domain/ids.ts';
import { LIQO } from '../../src/domain/owned-objects.ts';
import { JOB } from '../fakes/samples.ts';
import type { Between } from './between.ts';
import { handMadeSlices } from './hand-made-slices.ts';

/** Rows of the saga table on real parts; each ends in an empty leak report, as the demo's scenarios do. */

const cheapestOf = ({ sellers: [cheapest] }: World): DemoNode => {
  expect(cheapest !== undefined, 'there is no seller');
  return cheapest;
};
/** Asks through a plain Temporal client, which knows nothing of us but a workflow's name. */
async function askByTemporal(world: World, name: string, document: object = intentDocument(wish(name))): Promise<void> {
  const workflowId = `intent/${name}`;
  await world.buyer.temporal.workflow.start('fulfilIntent', { workflowId, taskQueue: 'rearguard', args: [document] });
  world.following.follow(world.buyer.name, workflowId);
}

const wish = (name: string) => ({ name, cpu: '3', memory: '4Gi' });

const wishIn = (name: string, country: string): object => {
  const { spec, ...document } = intentDocument(wish(name)) as { readonly spec: { readonly limits: object } };
  return { ...document, spec: { ...spec, limits: { ...spec.limits, locations: [country] } } };
};

/** A seller whose every process hangs, and does not die: what it is asked gets no answer, not even a refusal. */
function hang(world: World, { name, processes }: DemoNode): () => void {
  const pids = Object.values(world.stack.clusters[name]?.pids() ?? {});
  for (const pid of pids) signal(pid, 'SIGSTOP');
  processes.freeze('serve');
  processes.freeze('work');
  return () => {
    for (const pid of pids) signal(pid, 'SIGCONT');
    processes.thaw('serve');
    processes.thaw('work');
  };
}

export const rows = (between: () => Between): readonly Scenario[] => [
  {
    key: 'row 1',
    name: 'purchase-answer-lost',
    title: "PURCHASE's answer is lost after it took effect: the repeat gets the same contract",
    killsClusters: false,
    sellers: 1,
    async run(world) {
      const seller = cheapestOf(world);
      const before = between().lost();
      between().loseAnswerOf(/\/purchase$/);
      await ask(world, wish('answer-lost'));
      const place = await untilBought(world, 'answer-lost', seller);
      expect(between().lost() === before + 1, 'no answer was lost');
      const sold = await seller.api.contracts({ role: 'seller', living: true });
      expect(sold.length === 1 && sold[0]?.terms.id === place.contract, `the seller sold ${sold.length} contracts`);
      await onlyAcquisition(world, 'answer-lost');
      await untilPodRuns(world, 'answer-lost', place, seller);
      await end(world, 'answer-lost');
    },
  },
  {
    key: 'row 2',
    name: 'cancelled-while-peering',
    title: 'The intent is cancelled in the middle of peering: everything is given back on both sides',
    killsClusters: false,
    sellers: 1,
    async run(world) {
      const begun = peeringBegins(world.buyer);
      await ask(world, wish('cancelled'));
      await begun;
      await world.buyer.temporal.workflow.getHandle('intent/cancelled').cancel();
      await untilOver(world, 'cancelled');
      const { status } = await world.buyer.temporal.workflow.getHandle('intent/cancelled').describe();
      expect(status.name === 'CANCELLED', `the intent ended as ${status.name}`);
      const only = await onlyAcquisition(world, 'cancelled');
      expect(stepOf(only, 'extend') !== undefined, 'peering had not begun');
      expect(intentOf(world, 'cancelled')?.status?.place === undefined, 'the cancellation came too late');
    },
  },
  {
    key: 'row 3',
    name: 'seller-away-while-peering',
    title: 'The seller hangs in the middle of peering, its API server too: the next one serves, and the first is cleaned when it is back',
    killsClusters: true,
    sellers: 2,
    async run(world, note) {
      const seller = cheapestOf(world);
      const begun = peeringBegins(seller);
      await ask(world, wish('seller-away'));
      await begun;
      const goOn = hang(world, seller);
      const since = Date.now();
      try {
        const second = world.sellers[1];
        expect(second !== undefined, 'there is no second seller');
        await untilNextSells(world, { intent: 'seller-away', gone: seller, since, next: second, note });
        await untilStep(world, { intent: 'seller-away', attempt: 0 }, 'extend', 'failed', 20);
        await untilPodRuns(world, 'seller-away', await untilBought(world, 'seller-away', second), second);
      } finally {
        goOn();
      }
      const [first] = acquisitions(world, 'seller-away');
      if (first) await untilClosed(world, first, 180);
      await end(world, 'seller-away');
    },
  },
  {
    key: 'row 4',
    name: 'undo-stuck',
    title: "The seller's undo is stuck, which can be seen, and goes on once it is mended",
    killsClusters: false,
    sellers: 1,
    async run(world) {
      const seller = cheapestOf(world);
      await ask(world, wish('undo-stuck'));
      await untilPodRuns(world, 'undo-stuck', await untilBought(world, 'undo-stuck', seller), seller);
      const [sold] = await seller.api.contracts({ role: 'seller', living: true });
      expect(sold !== undefined, 'the seller knows no contract');
      const id = workflowIds.contract(sold.terms.transaction);
      const tenant = { apiVersion: LIQO.auth, kind: 'Tenant', metadata: await tenantOf(seller, sold.terms.buyerCluster) };
      const merge = (finalizers: readonly string[]) =>
        seller.cluster.objects.patch(
          { ...tenant, metadata: { ...tenant.metadata, finalizers: [...finalizers] } },
          undefined,
          undefined,
          undefined,
          undefined,
          MERGE,
        );
      const { metadata } = await seller.cluster.objects.read(tenant);
      const before = metadata?.finalizers ?? [];
      await merge([...before, 'rearguard.dev/stuck']);
      try {
        await world.buyer.api.endIntent('undo-stuck');
        await waitFor(`${id} of ${seller.name} stuck`, 100, async () => (await seller.api.stuck()).includes(id));
        world.telling.say(`${seller.name}: ${id} is stuck, as its operator can see`);
      } finally {
        const now = await seller.cluster.objects.read(tenant);
        await merge((now.metadata?.finalizers ?? []).filter((name) => name !== 'rearguard.dev/stuck'));
      }
      await seller.api.retryTeardown(id);
      await untilOver(world, 'undo-stuck');
    },
  },
  {
    key: 'row 5',
    name: 'started-by-temporal',
    title: 'An intent that a plain Temporal client starts is as good as any',
    killsClusters: false,
    sellers: 1,
    async run(world) {
      const seller = cheapestOf(world);
      await askByTemporal(world, 'by-temporal');
      await untilPodRuns(world, 'by-temporal', await untilBought(world, 'by-temporal', seller), seller);
      await end(world, 'by-temporal');
    },
  },
  {
    key: 'row 6',
    name: 'job-at-home',
    title: 'A Job at home is done: its intent ends by itself, at once, and says so',
    killsClusters: false,
    sellers: 1,
    async run(world, note) {
      const { buyer, telling, following } = world;
      const namespace = intentNamespace(intentName('job-at-home'));
      telling.act(`${buyer.name} asks for a Job at home`);
      await buyer.api.createIntent(jobAtHome('job-at-home'));
      following.follow(buyer.name, workflowIds.intent(intentName('job-at-home')));
      await buyer.cluster.awaitEvent('the Job to be Complete', `/apis/batch/v1/namespaces/${namespace}/jobs`, 60, ({ object }) => {
        const { conditions = [] } = (object.status ?? {}) as { readonly conditions?: readonly { type: string; status: string }[] };
        return conditions.some(({ type, status }) => type === 'Complete' && status === 'True');
      });
      const doneAt = Date.now();
      const { ending, place } = await untilIntent(world, 'job-at-home', 'ending', 10, (status) => (status.ending ? status : undefined));
      note(`ends ${((Date.now() - doneAt) / 1_000).toFixed(1)} s after its Job`);
      expect(ending?.reason === 'done', `it ended as ${ending?.reason}`);
      expect(place?.kind === 'local', 'it was not at home');
      await untilOver(world, 'job-at-home');
      expect(acquisitions(world, 'job-at-home').length === 0, 'something was bought');
    },
  },
  {
    key: 'row 7',
    name: 'two-sellers-at-once',
    title: 'One buyer buys of two sellers at once: each sells to it what the other does not, and both run at the same time',
    killsClusters: false,
    sellers: 2,
    async run(world) {
      const [north, west] = world.sellers;
      expect(north?.name === 'north' && west?.name === 'west', 'the sellers are others');
      const asked = [
        { name: 'in-italy', country: 'Italy', seller: north },
        { name: 'in-france', country: 'France', seller: west },
      ] as const;
      await Promise.all(asked.map(({ name, country }) => askByTemporal(world, name, wishIn(name, country))));
      const places = await Promise.all(asked.map(({ name, seller }) => untilBought(world, name, seller)));
      await Promise.all(
        asked.map(async ({ name, seller }, n) => {
          const place = places[n];
          if (!place) throw new Error(`${name} has no place`);
          await untilPodRuns(world, name, place, seller);
          const living = await seller.api.contracts({ role: 'seller', living: true });
          expect(living.length === 1 && living[0]?.terms.id === place.contract, `${seller.name} sold ${living.length} contracts`);
        }),
      );
      await end(world, ...asked.map(({ name }) => name));
    },
  },
  handMadeSlices,
];

const jobAtHome = (name: string): object => ({
  apiVersion: 'rearguard.dev/v1',
  kind: 'Intent',
  metadata: { name },
  spec: {
    placement: 'local',
    workload: { manifests: [JOB] },
  },
});

const MERGE = 'application/merge-patch+json' as never;

/** Where a buyer's Tenant stands at a seller, whatever it is called. */
async function tenantOf({ cluster }: DemoNode, buyer: ClusterId): Promise<{ name: string; namespace: string }> {
  const { items } = await cluster.objects.list(LIQO.auth, 'Tenant', tenantNamespace(buyer));
  const metadata = items[0]?.metadata;
  expect(metadata?.name !== undefined, `no Tenant of ${buyer}`);
  return { name: metadata.name, namespace: tenantNamespace(buyer) };
}
