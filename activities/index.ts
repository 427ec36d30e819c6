import { configurationActivities } from './configuration.ts';
import type { ActivityDeps } from './deps.ts';
import { discoveryActivities } from './discovery.ts';
import { handoverActivities } from './handover.ts';
import { hostingActivities } from './hosting.ts';
import { intentActivities } from './intent.ts';
import { admissionActivities, meetingActivities, sliceActivities } from './peering.ts';
import { reconcileActivities } from './reconcile.ts';
import { renewalActivities } from './renewal.ts';
import { buyingActivities } from './buying.ts';
import { sellingActivities } from './selling.ts';
import { serviceDiscoveryActivities } from './service-discovery.ts';
import { observingActivities, usageActivities } from './usage.ts';

/** Everything a worker can do, from one set of clients. */
export const allActivities = (deps: ActivityDeps) => ({
  ...configurationActivities(deps),
  ...intentActivities(deps),
  ...discoveryActivities(deps),
  ...serviceDiscoveryActivities(deps),
  ...buyingActivities(deps),
  ...sellingActivities(deps),
  ...hostingActivities(deps),
  ...renewalActivities(deps),
  ...meetingActivities(deps),
  ...sliceActivities(deps),
  ...handoverActivities(deps),
  ...admissionActivities(deps),
  ...usageActivities(deps),
  ...observingActivities(deps),
  ...reconcileActivities(deps),
});
/** All that a workflow imports from here. */
export type Activities = ReturnType<typeof allActivities>;
