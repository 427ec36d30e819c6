import { Fault } from '../../domain/faults.ts';
import type { KnownSigners } from '../../ports/known-signers.ts';
import type { Pool } from './connect.ts';

export const knownSigners = (pool: Pool): KnownSigners => ({
  async heard({ address, nodeId, pinned = false, nonce }) {
    const hear = async (): Promise<string | undefined> => {
      const [row] = await pool<{ outcome: string }[]>`
        select hear_signer(${address}, ${nodeId ?? null}, ${pinned}, ${nonce?.value ?? null}, ${nonce?.keepMs ?? 0}) as outcome`;
      return row?.outcome;
    };
    let outcome = await hear();
    if (outcome === 'again') outcome = await hear();
    if (outcome === 'taken') throw new Fault('BUYER_REFUSED', 'this id belongs to a node at another address', { address, nodeId });
    if (outcome === 'replayed') throw new Fault('SIGNATURE_REFUSED', 'this signature was seen before', { why: 'replayed', address });
    if (outcome !== 'heard') throw new Error(`hear_signer answered ${outcome}`);
  },
  async signs({ address, nodeId, except }) {
    const [row] = await pool<{ known: boolean }[]>`
      select exists (
        select from signing_node where (address = ${address ?? null} or node_id = ${nodeId ?? null}) and address is distinct from ${except ?? null}
      ) as known`;
    return row?.known === true;
  },
});
