import type { Heads } from '../../ports/audit.ts';
import type { Signer } from '../../ports/signer.ts';

/**
 * A signer whose new key, when it signs at once, signs what the old one vouched for, the first head and the last: a key that was stolen counts no more from one moment to the next, and all heads of it
 * with it. It is rotated all the same when heads can be neither read nor written. Where the new one signs later, whoever seals then does that.
 */
export const vouchingAnew = (signer: Signer, heads: Heads, log: (why: string) => void): Signer => ({
  ...signer,
  async rotate(how) {
    const failed = (error: unknown): void => log(error instanceof Error ? error.message : String(error));
    const before = await heads.list().catch(failed);
    const made = await signer.rotate(how);
    if (made.signsFrom !== undefined) return made;
    const [first, last] = [before?.heads[0], before?.heads.at(-1)];
    if (first?.seq === 0) await heads.append(first).catch(failed);
    if (last && last.seq > 0) await heads.append(last).catch(failed);
    return made;
  },
});
