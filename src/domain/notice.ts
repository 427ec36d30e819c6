import type { Contract, ContractState, EndNotice } from './contract.ts';
import { formatDuration } from './duration.ts';
import type { EndReason, Ending } from './reasons.ts';
import { untilOf } from './renewal.ts';

/** What a seller says of a contract, read back. */
export interface Said {
  readonly state: ContractState;
  readonly ending?: Ending;
  readonly notice?: EndNotice;
  /** Its seller says that there is no such contract. */
  readonly unknown?: true;
}

/** Ends that a seller chose, or caused. What its cluster has no more (`breach`), and what its buyer caused or did not do, needs no notice. */
const OWED: readonly EndReason[] = ['withdrawn-by-seller', 'drained', 'operator', 'failed'];

const instant = (time: number): string => new Date(time).toISOString();
const span = (milliseconds: number): string => formatDuration(Math.max(0, Math.round(milliseconds / 1_000) * 1_000));
const words = ({ reason, detail }: Ending): string => `${reason}${detail ? `: ${detail}` : ''}`;

/**
 * How a seller broke the notice that both signed, as its buyer sees it: `undefined` when it did not, or when that cannot be known. `contract` is as it was stored before this was said, `unseenMs` how
 * long nobody may have looked: an earlier notice could have stood there since. The clocks may be apart, and of the way to us a tenth of the notice is allowed for.
 */
export function brokenNotice(
  contract: Pick<Contract, 'terms' | 'state' | 'renewedUntil' | 'notice'>,
  { state, ending = { reason: 'withdrawn-by-seller' }, notice: shown, unknown }: Said,
  { now, unseenMs = 0, clockSkewMs }: { readonly now: number; readonly unseenMs?: number; readonly clockSkewMs: number },
): { readonly code: 'NO_NOTICE' | 'NOTICE_CUT' | 'NOTICE_SHORT'; readonly detail: string } | undefined {
  const { noticeMs } = contract.terms.flavor.terms ?? {};
  if (noticeMs === undefined || contract.state !== 'active') return undefined;
  const agreed = `${formatDuration(noticeMs)} agreed on`;
  const until = Date.parse(untilOf(contract));
  const notice = contract.notice ?? shown;
  if (state !== 'active') {
    // That it expired, or never was, is no word for an end before its time.
    const isOwed = OWED.includes(ending.reason) || ((ending.reason === 'expired' || unknown) && now < until - clockSkewMs);
    if (!isOwed) return undefined;
    if (!notice) return { code: 'NO_NOTICE', detail: `ended without notice (${words(ending)}), ${agreed}` };
    if (now < Date.parse(notice.endsAt) - clockSkewMs)
      return { code: 'NOTICE_CUT', detail: `over at ${instant(now)} (${words(ending)}), by its notice at ${notice.endsAt}, ${agreed}` };
  }
  // A notice is measured when it is seen first.
  if (!shown || contract.notice || !OWED.includes(shown.ending.reason)) return undefined;
  const endsAt = Date.parse(shown.endsAt);
  const given = endsAt - (now - unseenMs);
  if (endsAt >= until || given >= noticeMs - noticeMs / 10 - clockSkewMs) return undefined;
  return { code: 'NOTICE_SHORT', detail: `notice of ${span(given)} at most, for ${shown.endsAt} (${words(shown.ending)}), ${agreed}` };
}
