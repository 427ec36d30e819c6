import { clusterContract } from '../contracts/cluster.ts';
import { fabricContract } from '../contracts/fabric.ts';
import { startClusters } from './clusters.ts';

fabricContract('Kubernetes and Liqo', startClusters);
clusterContract('Kubernetes and Liqo', startClusters);
