import type { ContractId } from '../src/domain/ids.ts';
import { type Said, brokenNotice } from '../src/domain/notice.ts';
import type { ActivityDeps } from './deps.ts';

type Deps = Pick<ActivityDeps, 'contracts' | 'audit' | 'clock' | 'timing'>;

/** So many events of a contract are looked through for one that tells of it already. */
const MOST_EVENTS = 200;

/** Tells the audit when what a seller says of a contract breaks the notice that both signed: once for each contract, whatever else it says later. Before its notice is stored: that is measured when it is seen first. */
export async function tellBrokenNotice(
  { contracts, audit, clock, timing: { clockSkewMs } }: Deps,
  { contract, said, unseenMs }: { readonly contract: ContractId; readonly said: Said; readonly unseenMs: number },
): Promise<void> {
  const stored = await contracts.get(contract);
  const broken = stored && brokenNotice(stored, said, { now: clock.now(), unseenMs, clockSkewMs });
  if (!broken) return;
  const { items: before } = await audit.page({ contract, limit: MOST_EVENTS });
  if (before.some(({ kind }) => kind === 'notice-broken')) return;
  await audit.tally({ kind: 'notice-broken', peer: stored.terms.seller.id, contract, ...broken });
}
