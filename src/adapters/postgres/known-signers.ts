import { Fault } from '../../domain/faults.ts';
import type { KnownSigners } from '../../ports/known-signers.ts';
import type { Pool } from './connect.ts';

/** How long a node is remembered that was never dealt with. One that comes back later begins like all others. */
const STRANGER_DAYS = 90;
/** How many of them, the last heard: some 10 MB. */
const MOST_STRANGERS = 50_000;
/** Rows that go at once: a statement has to end before its time; the next call finds the rest. */
const MOST_PRUNED = 10_000;

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
  async prune(most = MOST_STRANGERS) {
    // A cluster id stays bound as long as there is a contract about it: whose it is, that node is no stranger.
    const { count } = await pool`
      delete from signing_node where address in (
        select address from signing_node s
        where not exists (select from cluster_identity c where c.node_id = s.node_id)
          and not exists (select from known_node k where k.node_id = s.node_id or regexp_replace(lower(k.address), '^https?://', '') = s.address)
          and heard < greatest(
            clock_now() - ${STRANGER_DAYS} * interval '1 day',
            (select heard + interval '1 microsecond' from signing_node order by heard desc offset ${most} limit 1))
        order by heard limit ${MOST_PRUNED})`;
    return count;
  },
});
