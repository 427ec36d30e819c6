import type { Command } from 'commander';
import type { AuditEvent, Verification } from '../domain/audit.ts';
import type { ContractTerms } from '../domain/contract.ts';
import { type ApiClient, CommandFailed, EXIT } from './client.ts';
import { type List, howMany, leftOut, money, resources, table } from './printing.ts';
import type { CommandLine } from './program.ts';

/** What the events of contracts carry of their terms. */
type Facts = Partial<Pick<ContractTerms, 'resources' | 'price' | 'buyer' | 'seller'>> & Readonly<Record<string, unknown>>;

/** Of the other facts, what says most. */
const NOTED = ['reason', 'code', 'count', 'operation', 'by', 'name', 'address', 'workflowId', 'detail'] as const;

/** A contract about an instance of a blueprint is about no resources. */
const isNothing = ({ cpu, memory, pods }: ContractTerms['resources']): boolean =>
  [cpu, memory, pods].every((amount) => Number(amount) === 0);

/** Who bought what from whom, when and at what price; what else happened in words. */
function row({ at, kind, contract, peer, facts, seal }: AuditEvent): readonly string[] {
  const { resources: part, price, buyer, seller, ...rest } = facts as Facts;
  return [
    at.replace(/\.\d+Z$/, 'Z'),
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

/** What happened, and whether the record of it is whole. */
export function auditCommands(program: Command, line: CommandLine): void {
  program
    .command('audit')
    .description('who bought what from whom, when and at what price; exit code 1 when the record of it was tampered with')
    .option('--contract <id>', 'what is about this contract only')
    .option('--since <time>', 'what happened since then only, RFC 3339')
    .option('--before <id>', 'what happened before this event only: the next page', howMany)
    .option('-n, --limit <count>', 'how many of the newest at most', howMany, '100')
    .option('--verify', 'only whether the record is whole')
    .option('--no-verify', 'only what happened')
    .action(
      line.run(async (api, asJson, options: { contract?: string; since?: string; before?: string; limit: string; verify?: boolean }) => {
        const { contract, since, before, limit, verify } = options;
        const query = new URLSearchParams({ limit, ...(contract && { contract }), ...(since && { since }), ...(before && { before }) });
        const found = verify === true ? undefined : await api.get<List<AuditEvent>>(`/audit?${query}`);
        const items = found?.items;
        const verification = verify === false ? undefined : await verified(api, line.output.err);
        const head = ['TIME', 'EVENT', 'CONTRACT', 'BUYER', 'SELLER', 'PART', 'PRICE', 'SEAL', 'NOTES'];
        line.tell(asJson, { ...(items && { items }), ...(verification && { verification }) }, () =>
          [items && table(head, items.map(row)), verification && words(verification)].filter(Boolean).join(items ? '\n' : ''),
        );
        if (found) leftOut(line.output, found, `go on with --before ${found.items.at(-1)?.id}, or see --limit, at most 1000`);
        if (!verification || verification.verdict === 'intact') return EXIT.ok;
        throw new CommandFailed(`the audit is ${verification.verdict}: ${verification.words}`, EXIT.failed);
      }),
    );
}

function words({ verdict, words: found, waiting, tampering, heads: { count, last } }: Verification): string {
  const fault = tampering ? ` (${tampering.kind}${tampering.event === undefined ? '' : `, event ${tampering.event}`})` : '';
  return [
    `${verdict}${fault}: ${found}`,
    `${count} signed heads${last ? `, the last one of seal ${last.seq} at ${last.at} by ${last.kid}` : ''}; ${waiting} events wait to be sealed`,
    '',
  ].join('\n');
}
