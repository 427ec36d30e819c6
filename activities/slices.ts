import type { ContractTerms } from '../src/domain/contract.ts';
import { gpuNodesOf, gpuResourceOf } from '../src/domain/gpu.ts';
import type { AcquisitionId, ClusterId } from '../src/domain/ids.ts';
import { type Resources, canonicalResources } from '../src/domain/resources.ts';
import type { Fabric, SliceGpus } from '../src/ports/fabric.ts';

/** What a contract sold, as both sides write it onto its slice; without GPUs when it sold none. */
export function amountsOf({ resources, flavor: { offer } }: ContractTerms): { readonly resources: Resources; readonly gpus?: SliceGpus } {
  const amounts = { resources: canonicalResources(resources) };
  if (offer.kind !== 'k8slice' || resources.gpu === undefined || resources.gpu === '0') return amounts;
  const nodes = gpuNodesOf(offer);
  return { ...amounts, gpus: { resource: gpuResourceOf(offer), ...(nodes && { nodes }) } };
}

/** The slice of a contract, asked for by its buyer; twice is once. */
export const requestSlice = (
  fabric: Pick<Fabric, 'requestSlice'>,
  {
    terms,
    ...slice
  }: {
    readonly acquisition: AcquisitionId;
    readonly seller: ClusterId;
    readonly terms: ContractTerms;
    /** `default` at a FLUIDOS seller. */
    readonly sliceClass: 'rearguard' | 'default';
  },
): Promise<void> => fabric.requestSlice({ ...slice, contract: terms.id, ...amountsOf(terms) });
