import type { AcquisitionId, ClusterId, ContractId, IntentName } from '../domain/ids.ts';

/** What a shared watch of a cluster tells. Hints: whoever hears one looks for itself. */
export type WorldEvent =
  | { readonly kind: 'slice-offered'; readonly buyer: ClusterId; readonly contract: ContractId }
  /**
   * One that names no contract, or of which Liqo did not say yet whose it is; also one that no tenant of ours sent. `uncertified`: it asks for no certificate yet, and before it does Liqo says nothing of it.
   */
  | { readonly kind: 'slice-seen'; readonly buyer: ClusterId; readonly contract?: ContractId; readonly uncertified?: true }
  | { readonly kind: 'slice-gone'; readonly buyer: ClusterId; readonly contract: ContractId }
  | { readonly kind: 'node-changed'; readonly acquisition: AcquisitionId; readonly ready: boolean }
  | { readonly kind: 'workload-changed'; readonly intent: IntentName };

/** The shared watch: one per cluster, held by one worker at a time (a Lease). When it (re)starts it tells the present state first. */
export interface World {
  watch(sink: (event: WorldEvent) => Promise<void>, signal: AbortSignal): Promise<void>;
}
