import { afterAll } from 'vitest';
import { clusterContract } from '../contracts/cluster.ts';
import { fabricContract } from '../contracts/fabric.ts';
import { type RealClusters, startClusters } from './clusters.ts';

/** One pair of clusters for both suites: each leaves them as it found them. */
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
