/** The bundle's entry: every workflow type. */
export { acquireFlavor } from './consumer/acquire-flavor.ts';
export { acquireService } from './consumer/acquire-service.ts';
export { fulfilIntent } from './consumer/fulfil-intent.ts';
export { reconcile } from './reconcile.ts';
export { peering } from './peering.ts';
export { serveContract } from './provider/serve-contract.ts';
