/**
 * The ports on real clusters with real Liqo. One pair of them for all suites, since no test is as long as their start: each suite leaves them as it found them, and those that end
 * processes come last. One suite alone: `npx vitest run --project real test/fabric -t 'what a tenant may do'`.
 */
import { afterAll } from 'vitest';
import { clusterContract } from '../contracts/cluster.ts';
import { hostingContract } from '../contracts/hosting.ts';
import { fabricContract } from '../contracts/fabric.ts';
import { accountSuite } from './account.ts';
import { awaySuite } from './away.ts';
import { clusterKindsSuite } from './cluster-kinds.ts';
import { type RealClusters, startClusters } from './clusters.ts';
import { enforcementSuite } from './enforcement.ts';
import { flavorResourcesSuite } from './flavor-resources.ts';
import { gpusSuite } from './gpus.ts';
import { hostingOn } from './hosting.ts';
import { hostileBuyerSuite } from './hostile-buyer.ts';
import { hostilePodsSuite } from './hostile-pods.ts';
import { judgedSlicesSuite } from './judged-slices.ts';
import { keysSuite } from './keys.ts';
import { localResourcesSuite } from './local-resources.ts';
import { outagesSuite } from './outages.ts';
import { tenantBoundsSuite } from './tenant-bounds.ts';
import { tenantSuite } from './tenant.ts';
import { tenantsSuite } from './tenants.ts';

let started: Promise<RealClusters> | undefined;
const start = async (): Promise<RealClusters> => {
  started ??= startClusters();
  return { ...(await started), close: async () => undefined };
};
afterAll(async () => {
  await (await started)?.close();
});

fabricContract('Kubernetes and Liqo', start);
clusterContract('Kubernetes and Liqo', start);
hostingContract('Kubernetes', () => hostingOn(start));
accountSuite(start);
tenantSuite(start);
tenantsSuite(start);
hostileBuyerSuite(start);
hostilePodsSuite(start);
tenantBoundsSuite(start);
judgedSlicesSuite(start);
keysSuite(start);
localResourcesSuite(start);
gpusSuite(start);
flavorResourcesSuite(start);
clusterKindsSuite(start);
enforcementSuite(start);
awaySuite(start);
outagesSuite(start);
