import { describe } from 'vitest';
import { auditContract } from '../contracts/audit.ts';
import { memoryAudit } from '../fakes/memory-audit.ts';

describe('the audit in memory', () => {
  auditContract(async () => {
    let now = 0;
    const { audit } = memoryAudit({ clock: { now: () => now } });
    return {
      audit,
      setClock: async (at) => {
        now = at;
      },
    };
  });
});
