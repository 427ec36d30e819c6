/** `Processes` in memory: intents that live until they are ended, and a list of everything that was asked of the rest. */
import { Fault } from '../../src/domain/faults.ts';
import { type AcquisitionId, type IntentName, acquisitionId, contractOf, workflowIds } from '../../src/domain/ids.ts';
import { sameIntent } from '../../src/domain/intent.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import type { IntentRecord } from '../../src/domain/status.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { OpenProcess, Processes } from '../../src/ports/processes.ts';

export interface MemoryProcesses {
  readonly processes: Processes;
  /** `endContract contract-1 seller: drained`, … */
  readonly asked: readonly string[];
  /** Something happens to an intent: whoever waits for it wakes. */
  change(name: IntentName, change: Partial<IntentRecord['status']>): void;
  /** Nothing answers, until it is up again. */
  setUp(up: boolean): void;
  /** How many callers wait for something to happen. */
  waiting(): number;
}

export function memoryProcesses({ clock }: { readonly clock: Clock }): MemoryProcesses {
  const intents = new Map<string, IntentRecord>();
  const marks = new Map<string, number>();
  const asked: string[] = [];
  const wake = new Set<() => void>();
  let up = true;

  const check = (): void => {
    if (!up) throw new Fault('PROCESSES_UNAVAILABLE', 'Temporal did not answer');
  };
  const known = (name: IntentName): IntentRecord => {
    check();
    const record = intents.get(name);
    if (!record) throw new Fault('NOT_FOUND', `no intent ${name}`);
    return record;
  };
  const change: MemoryProcesses['change'] = (name, changed) => {
    const record = known(name);
    intents.set(name, { ...record, status: { ...record.status, ...changed } });
    marks.set(name, (marks.get(name) ?? 0) + 1);
    for (const waiter of wake) waiter();
  };
  const ask = async (line: string): Promise<void> => {
    check();
    asked.push(line);
  };
  const words = ({ reason, detail }: Ending): string => (detail === undefined ? reason : `${reason} (${detail})`);
  const acquisitionsOf = async (name: IntentName): Promise<readonly AcquisitionId[]> =>
    Array.from({ length: known(name).status.attempts }, (_, i) => acquisitionId(`${name}-${i + 1}`));

  const processes: Processes = {
    async startIntent({ name, document }) {
      check();
      const living = intents.get(name);
      if (living && living.status.state !== 'ended') {
        if (sameIntent(living.document, document)) return { created: false };
        throw new Fault('INTENT_EXISTS', `an intent named ${name} lives with another document`, { name });
      }
      const now = clock.now();
      const status = { name, phase: 'intent', state: 'working', since: now, attempts: 1, startedAt: now } as const;
      const journal = [{ step: 'fits', phase: 'intent', direction: 'do', startedAt: now, outcome: 'running' }] as const;
      intents.set(name, { status, document, plan: [], silent: [], journal });
      marks.set(name, 1);
      return { created: true };
    },
    async readIntent(name) {
      check();
      return intents.get(name);
    },
    readStatus: async (name) => (await processes.readIntent(name))?.status,
    async awaitIntent(name, { after, timeoutMs, signal }) {
      check();
      const stand = () => ({ mark: `m${marks.get(name)}`, open: intents.get(name)?.status.state !== 'ended' });
      if (!intents.has(name)) return undefined;
      if (stand().mark === after && stand().open) {
        await new Promise<void>((resolve) => {
          const finish = (): void => {
            clearTimeout(timer);
            wake.delete(finish);
            resolve();
          };
          const timer = setTimeout(finish, timeoutMs);
          signal?.addEventListener('abort', finish);
          wake.add(finish);
        });
      }
      return stand();
    },
    acquisitionsOf,
    async endIntent(name, ending) {
      known(name);
      change(name, { state: 'ended', ending, endedAt: clock.now() });
    },
    async retryTeardown(workflowId) {
      const [, name = ''] = /^(?:intent|acquisition)\/(.+?)(?:-\d+)?$/.exec(workflowId) ?? [];
      const over = intents.get(name)?.status.state === 'ended';
      if (over || workflowId.endsWith('gone')) throw new Fault('NOT_FOUND', `no workflow ${workflowId}`);
      await ask(`retryTeardown ${workflowId}`);
    },
    purchase: async ({ transaction }) => contractOf(transaction),
    endContract: (transaction, ending, by) => ask(`endContract ${transaction} ${by}: ${words(ending)}`),
    releaseAcquisition: (acquisition, ending) => ask(`releaseAcquisition ${acquisition}: ${words(ending)}`),
    noticeOfRenewal: (transaction, expiresAt) => ask(`noticeOfRenewal ${transaction} ${new Date(expiresAt).toISOString()}`),
    noticeToAcquisition: (acquisition) => ask(`noticeToAcquisition ${acquisition}`),
    noticeOfSlice: (transaction, what) => ask(`noticeOfSlice ${transaction} ${what}`),
    noticeOfNode: (acquisition, ready) => ask(`noticeOfNode ${acquisition} ${ready}`),
    noticeOfWorkload: (intent) => ask(`noticeOfWorkload ${intent}`),
    joinPeering: (peer, { contract }) => ask(`join ${peer} ${contract}`),
    answerUser: ({ replyTo, report }) => ask(`answer ${replyTo}: ${report.state}`),
    leavePeering: (peer, { contract }) => ask(`leave ${peer} ${contract}`),
    async open({ stuck = false } = {}) {
      check();
      return [...intents.values()].flatMap(({ status }): OpenProcess[] => {
        if (status.state === 'ended' || (stuck && status.state !== 'stuck')) return [];
        const workflowId = workflowIds.intent(status.name as IntentName);
        const startedAt = new Date(status.startedAt).toISOString();
        return [{ workflowId, type: 'fulfilIntent', startedAt, phase: status.phase, stuck: status.state === 'stuck' }];
      });
    },
    isOpen: async (workflowId) => (await processes.open()).some((open) => open.workflowId === workflowId),
    runsIntent: async (name) => await processes.isOpen(workflowIds.intent(name)),
    isWanted: async () => true,
    peeringUsers: async () => [],
    async journal(workflowId) {
      check();
      if (!workflowId.endsWith('-1')) throw new Fault('NOT_FOUND', `no workflow ${workflowId}`);
      const at = { startedAt: clock.now(), endedAt: clock.now(), outcome: 'done' } as const;
      return [
        { step: 'reserve', phase: 'reservation', direction: 'do', ...at },
        { step: 'extend', phase: 'teardown', direction: 'undo', side: 'here', ...at },
        { step: 'extend', phase: 'teardown', direction: 'undo', side: 'there', ...at },
      ];
    },
  };
  return {
    processes,
    asked,
    change,
    setUp: (value) => {
      up = value;
    },
    waiting: () => wake.size,
  };
}
