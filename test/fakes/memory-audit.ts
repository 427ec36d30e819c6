/** `Audit` and `Chain` in memory: what is told passes the suite that the real one passes; the chain says what a test wants it to say. */
import { type AuditEvent, openTallies, type Verification } from '../../src/domain/audit.ts';
import { pageIn } from '../../src/domain/pages.ts';
import type { Audit, Chain } from '../../src/ports/audit.ts';
import type { Clock } from '../../src/ports/clock.ts';

export interface MemoryAudit {
  readonly audit: Audit;
  readonly chain: Chain;
  /** What `seal` and `verify` answer from now on. */
  say(words: { readonly broken?: string; readonly verify?: Chain['verify'] }): void;
}

const INTACT: Verification = {
  verdict: 'intact',
  words: 'nothing is sealed yet',
  checked: 0,
  sealed: 0,
  waiting: 0,
  heads: { count: 0, unreadable: 0 },
};

export function memoryAudit({ clock }: { readonly clock: Clock }): MemoryAudit {
  const rows: AuditEvent[] = [];
  const tally = openTallies(clock.now);
  let broken: string | undefined;
  let verify: Chain['verify'] = async () => INTACT;
  const audit: Audit = {
    async record(event) {
      rows.unshift({ id: rows.length + 1, at: new Date(clock.now()).toISOString().replace('Z', '000Z'), ...event });
    },
    async turned({ begins = false, ...facts }) {
      const kind = 'enforcement';
      const last = rows.find((row) => row.kind === kind);
      if (last ? last.facts['sells'] !== facts.sells : !begins) await audit.record({ kind, facts });
    },
    async tally({ kind, peer, code, detail, contract }) {
      const due = tally({ kind, peer, code, ...(contract && { contract }), ...(detail !== undefined && { detail }) });
      if (!due) return;
      const facts = { code, count: due.count, ...(detail !== undefined && { detail }) };
      await audit.record({ kind, peer: due.peer, facts, ...(contract !== undefined && { contract }) });
    },
    async page({ contract, since, ...of }) {
      const told = rows
        .filter((row) => contract === undefined || row.contract === contract)
        .filter(({ at }) => since === undefined || Date.parse(at) >= Date.parse(since));
      return pageIn(told, of, { place: ({ at, id }) => [at, id] as const, isAfter: ([, id], [, other]) => id < other });
    },
  };
  return {
    audit,
    chain: { seal: async () => ({ sealed: 0, ...(broken !== undefined && { broken }) }), verify: (input) => verify(input) },
    say(words) {
      broken = words.broken;
      verify = words.verify ?? verify;
    },
  };
}
