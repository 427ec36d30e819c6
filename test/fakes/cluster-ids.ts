import type { ClusterId } from '../../src/domain/ids.ts';

/**
 * Whether two different cluster ids could write each other's remote namespace names (`<ns>-<cluster id>`):
 * `south` would own every name that ends with `-south`, those of `deep-south` too. The store's constraint, for the fakes.
 */
export const clusterIdsClash = (a: ClusterId, b: ClusterId): boolean => a !== b && (a.endsWith(`-${b}`) || b.endsWith(`-${a}`));
