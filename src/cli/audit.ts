import type { Command } from 'commander';
import type { AuditEvent, Verification } from '../domain/audit.ts';
import type { ContractTerms } from '../domain/contract.ts';
import { type ApiClient, CommandFailed, EXIT, type ExitCode } from './client.ts';
import { printList, unfinished } from './lists.ts';
import { type List, counted, howMany, indented, money, resources, toTheSecond } from './printing.ts';
import type { CommandLine } from './program.ts';

/** What the events of contracts carry of their terms. */
type Facts = Partial<Pick<ContractTerms, 'resources' | 'price' | 'buyer' | 'seller'>> & Readonly<Record<string, unknown>>;

const HEAD = ['TIME', 'EVENT', 'CONTRACT', 'BUYER', 'SELLER', 'PART', 'PRICE', 'SEAL', 'NOTES'] as const;
/** Of the other facts, what says most. */
const NOTED = ['reason', 'code', 'count', 'operation', 'overlap', 'kid', 'by', 'name', 'address', 'workflowId', 'detail'] as const;

/** A contract about an instance of a blueprint is about no resources. */
const isNothing = ({ cpu, memory, pods }: ContractTerms['resources']): boolean =>
  [cpu, memory, pods].every((amount) => Number(amount) === 0);

/** Who bought what from whom, when and at what price; what else happened in words. */
function row({ at, kind, contract, peer, facts, seal }: AuditEvent): readonly string[] {
  const { resources: part, price, buyer, seller, ...rest } = facts as Facts;
  return [
    toTheSecond(at),
    kind,
    contract ?? '-',
    buyer?.id ?? '-',
    seller?.id ?? '-',
    part ? (isNothing(part) ? 'an instance' : resources(part)) : '-',
    money(price),
    seal ? String(seal.seq) : 'waits',
    [
      ...(peer !== undefined && !seller ? [`peer ${peer}`] : []),
      ...NOTED.flatMap((name) => (rest[name] === undefined ? [] : [`${name} ${String(rest[name])}`])),
    ].join(', '),
  ];
}

/** Asks until all is compared: a large table takes more than one answer. */
async function verified(api: ApiClient, tell: (words: string) => void): Promise<Verification> {
  for (let after = 0; ; ) {
    const found = await api.get<Verification>(`/audit/verification?after=${after}`, { seconds: 60 });
    if (found.next === undefined) return found;
    tell(`${found.checked} of ${found.sealed} seals compared\n`);
    after = found.next;
  }
}

/** Refuses a contract of which nothing is told and which this node does not have. Of some that it never had something is told: what a seller offered in vain. */
async function knownContract(api: ApiClient, contract: string): Promise<void> {
  const { items } = await api.get<List<AuditEvent>>(`/audit?${new URLSearchParams({ contract, limit: '1' })}`);
  if (items.length === 0) await api.get(`/contracts/${encodeURIComponent(contract)}`);
}

/** What happened, and whether the record of it is whole. */
export function auditCommands(program: Command, line: CommandLine): void {
  program
    .command('audit')
    .description('who bought what from whom, when and at what price; exit code 1 when the record of it was tampered with')
    .option('--contract <id>', 'what is about this contract only')
    .option('--since <time>', 'what happened since then only, RFC 3339')
    .option('--after <place>', 'what follows on an earlier list, from where it says that there are more')
    .option('-n, --limit <count>', 'how many of the newest at most', howMany, '100')
    .option('--verify', 'only whether the record is whole')
    .option('--no-verify', 'only what happened')
    .action(
      line.run(async (api, asJson, options: { contract?: string; since?: string; after?: string; limit: string; verify?: boolean }) => {
        const { contract, since, after, limit, verify } = options;
        const { output } = line;
        if (verify === true) {
          const verification = await verified(api, output.err);
          line.tell(asJson, { verification }, () => words(verification));
          return verdict(verification);
        }
        if (contract) await knownContract(api, contract);
        const listing = {
          path: '/audit',
          query: { ...(contract && { contract }), ...(since && { since }) },
          head: HEAD,
          row,
          after,
          most: Number(limit),
        };
        const { shown, next } = await printList<AuditEvent>(api, asJson, listing, line, '{\n  "items": ');
        const verification =
          verify === false
            ? undefined
            : await verified(api, output.err).catch((error: unknown) => {
                throw unfinished(error);
              });
        if (asJson) output.out(`${verification ? `,\n  "verification": ${indented(verification, '  ')}` : ''}\n}\n`);
        else if (verification) output.out(`\n${words(verification)}`);
        if (next !== undefined) output.err(`these are the first ${shown}; there are more: go on with --after ${next}, or see --limit\n`);
        return verification ? verdict(verification) : EXIT.ok;
      }),
    );
}

/** Fails the command where the record is not whole. */
function verdict({ verdict: found, words: why }: Verification): ExitCode {
  if (found === 'intact') return EXIT.ok;
  throw new CommandFailed(`the audit is ${found}: ${why}`, EXIT.failed);
}

function words({ verdict, words: found, waiting, tampering, heads: { count, last, withdrawn = 0 } }: Verification): string {
  const fault = tampering ? ` (${tampering.kind}${tampering.event === undefined ? '' : `, event ${tampering.event}`})` : '';
  return [
    `${verdict}${fault}: ${found}`,
    `${counted(count, 'signed head')}${last ? `, the last one of seal ${last.seq} at ${last.at} by ${last.kid}` : ''}${withdrawn > 0 ? `; ${withdrawn} more ${withdrawn === 1 ? 'is of a key that counts' : 'are of keys that count'} no more, and ${withdrawn === 1 ? 'vouches' : 'vouch'} for nothing` : ''}; ${counted(waiting, 'event')} ${waiting === 1 ? 'waits' : 'wait'} to be sealed`,
    '',
  ].join('\n');
}
