/** `Contracts` in memory: passes the suite that the real one passes. */
import type { Allocation, Contract } from '../../src/domain/contract.ts';
import { Fault } from '../../src/domain/faults.ts';
import type { ContractId } from '../../src/domain/ids.ts';
import { type ByTime, isOlder, type Page, pageIn } from '../../src/domain/pages.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import { untilOf } from '../../src/domain/renewal.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Contracts } from '../../src/ports/contracts.ts';

export interface MemoryContracts {
  readonly store: Contracts;
  get(contract: ContractId | undefined): Contract | undefined;
  /** The seller's inventory writes a sale. */
  put(contract: Contract): void;
  /** active → ending → over; the first ending stays. `false` when nothing moved. */
  move(contract: ContractId, to: 'ending' | 'over', ending: Ending): boolean;
  living(): readonly Contract[];
}

interface Row {
  contract: Contract;
  allocation: Allocation['state'];
  readonly at: string;
}
const order = { place: ({ at, contract: { terms } }: Row): ByTime => [at, terms.id], isAfter: isOlder };
const paged = <T>({ items, ...rest }: Page<Row, ByTime>, item: (row: Row) => T): Page<T, ByTime> => ({ items: items.map(item), ...rest });
const listed = ({ contract }: Row): Contract => {
  const { agreement: _, renewals: __, ...rest } = contract;
  return rest;
};
const allocation = ({ contract: { terms, role }, allocation: state }: Row): Allocation => ({
  contract: terms.id,
  type: role === 'seller' ? 'Node' : 'VirtualNode',
  state,
  resources: terms.resources,
});

export function memoryContracts({ clock }: { readonly clock: Clock }): MemoryContracts {
  const rows = new Map<string, Row>();

  const put = (contract: Contract): void =>
    // Each is a millisecond younger than the one before.
    void rows.set(contract.terms.id, { contract, allocation: 'inactive', at: new Date(rows.size).toISOString() });
  const move: MemoryContracts['move'] = (id, to, ending) => {
    const row = rows.get(id);
    if (row === undefined || row.contract.state === 'over' || row.contract.state === to) return false;
    row.contract = { ...row.contract, state: to, ending: row.contract.ending ?? ending };
    if (to === 'over') {
      row.contract = { ...row.contract, endedAt: new Date(clock.now()).toISOString() };
      row.allocation = 'released';
    }
    return true;
  };
  const all = (): readonly Contract[] => [...rows.values()].map(({ contract }) => contract);
  const living = (): readonly Contract[] => all().filter(({ state }) => state !== 'over');

  const found = ({ role: of, living: life }: NonNullable<Parameters<Contracts['list']>[0]>): readonly Row[] =>
    [...rows.values()]
      .filter(({ contract: { role, state } }) => (of === undefined || role === of) && (life === undefined || life === (state !== 'over')))
      .toReversed();
  const allocated = ({ living: life = false }: NonNullable<Parameters<Contracts['allocations']>[0]>): readonly Row[] =>
    [...rows.values()].filter(({ allocation: state }) => !life || state !== 'released').toReversed();

  const store: Contracts = {
    async storeBought({ terms, acquisition, agreement }) {
      const stored = rows.get(terms.id)?.contract;
      const known = stored?.terms;
      if (known === undefined) put({ terms, role: 'buyer', state: 'active', acquisition, ...(agreement && { agreement }) });
      else if (known.transaction !== terms.transaction || known.seller.id !== terms.seller.id) {
        throw new Fault('PEER_LIED', 'this contract id is another contract of ours', { contract: terms.id });
      } else if (stored?.agreement?.payload !== agreement?.payload) {
        throw new Fault('PEER_LIED', 'other terms were signed under this name', { contract: terms.id });
      }
    },
    async countersign({ contract, payload, signature }) {
      const row = rows.get(contract);
      const agreement = row?.contract.agreement;
      if (row === undefined || row.contract.role !== 'seller' || agreement?.payload !== payload) return false;
      const [sellers, ...others] = agreement.signatures;
      if (sellers && others.length === 0) row.contract = { ...row.contract, agreement: { payload, signatures: [sellers, signature] } };
      return true;
    },
    async signAnew({ contract, agreement }) {
      const row = rows.get(contract);
      const signed = row?.contract.agreement;
      if (row?.contract.role !== 'seller' || row.contract.state !== 'active' || signed?.payload !== agreement.payload) return;
      if (signed.signatures.length === 1) row.contract = { ...row.contract, agreement };
    },
    async renew({ contract, role, number, renewal, until }) {
      const row = rows.get(contract);
      if (row === undefined || row.contract.role !== role) return false;
      const { state, renewals = [] } = row.contract;
      if (renewals[number - 1]?.payload === renewal.payload) return true;
      if (state !== 'active' || row.contract.notice || renewals.length !== number - 1) return false;
      row.contract = { ...row.contract, renewals: [...renewals, renewal], renewedUntil: until };
      return true;
    },
    async giveNotice({ contract, notice }) {
      const row = rows.get(contract);
      if (row?.contract.state === 'active' && !row.contract.notice) row.contract = { ...row.contract, notice };
    },
    async lapse({ contract, expiresAt, ending }) {
      const row = rows.get(contract);
      if (row === undefined || row.contract.role !== 'seller') throw new Fault('NOT_FOUND', 'no such sale');
      if (row.contract.state !== 'active') return undefined;
      const until = untilOf(row.contract);
      if (Date.parse(until) > expiresAt) return until;
      move(contract, 'ending', ending);
      return undefined;
    },
    async get(contract) {
      return rows.get(contract)?.contract;
    },
    async ofTransaction(transaction) {
      return all().find(({ terms }) => terms.transaction === transaction);
    },
    async ofAcquisition(acquisition) {
      return all().find((each) => each.role === 'buyer' && each.acquisition === acquisition);
    },
    list: async (filter = {}) => found(filter).map(listed),
    page: async (of) => paged(pageIn(found(of), of, order), listed),
    async ofProcesses({ sales, acquisitions }) {
      return all().filter(({ role, terms, acquisition }) =>
        role === 'seller' ? sales.includes(terms.transaction) : acquisition !== undefined && acquisitions.includes(acquisition),
      );
    },
    async markEnding({ contract, ending }) {
      move(contract, 'ending', ending);
    },
    async markOver({ contract, ending }) {
      if (rows.get(contract)?.contract.role === 'buyer') move(contract, 'over', ending);
    },
    async activate(contract) {
      const row = rows.get(contract);
      if (row?.allocation === 'inactive') row.allocation = 'active';
    },
    allocations: async (filter = {}) => allocated(filter).map(allocation),
    allocationPage: async (of) => paged(pageIn(allocated(of), of, order), allocation),
  };

  return { store, get: (contract) => (contract === undefined ? undefined : rows.get(contract)?.contract), put, move, living };
}
