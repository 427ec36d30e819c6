import { Runtime } from '@temporalio/worker';

// Once a process, before anything else makes a worker.
Runtime.install({
  shutdownSignals: [],
  logger: { log: () => {}, trace: () => {}, debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
});
