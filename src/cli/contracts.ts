import type { Command } from 'commander';
import type { Contract } from '../domain/contract.ts';
import type { Ending } from '../domain/reasons.ts';
import { endsOn, untilOf } from '../domain/renewal.ts';
import { keyIdOf } from '../rear/agreement.ts';
import { exportedAgreement } from '../rear/agreement-file.ts';
import { verifyCommand } from './contract-verify.ts';
import { CommandFailed, EXIT, type ApiClient } from './client.ts';
import { listCommand } from './lists.ts';
import { facts, json, money, promises, resources, toTheSecond } from './printing.ts';
import type { CommandLine } from './program.ts';

const read = (api: ApiClient, id: string): Promise<Contract> => api.get<Contract>(`/contracts/${encodeURIComponent(id)}`);
/** What was bought: a part, or an instance of a blueprint. */
const partOf = ({ service, flavor: { offer }, resources: part }: Contract['terms']): string =>
  service && offer.kind !== 'k8slice' ? `${offer.kind} ${offer.name}` : resources(part);
const wordsOf = ({ reason, detail }: Ending): string => `${reason}${detail ? `: ${detail}` : ''}`;
const endOf = ({ ending }: Contract): string => (ending ? wordsOf(ending) : '');
/** Since when it is over, and why; nothing where it is not. */
const overWords = ({ terms, state, ending, endedAt }: Contract): string | undefined =>
  state === 'over'
    ? `contract ${terms.id} is over${endedAt === undefined ? '' : ` since ${toTheSecond(endedAt)}`}${ending ? `: ${wordsOf(ending)}` : ''}`
    : undefined;
const signedBy = ({ agreement }: Contract): string =>
  ['nobody: the other side is a FLUIDOS node', 'the seller', 'both'][agreement?.signatures.length ?? 0] ?? '';

/** The ids of the keys that signed it and its renewals, which this node compared with those of the other side before it stored them. */
const keysOf = ({ agreement, renewals = [] }: Contract): readonly string[] => [
  ...new Set((agreement ? [agreement, ...renewals] : []).flatMap(({ signatures }) => signatures.flatMap((each) => keyIdOf(each) ?? []))),
];

/** What this node has agreed on, of both roles; and proofs of it for others. */
export function contractCommands(program: Command, line: CommandLine): void {
  const contracts = program.command('contracts').alias('contract').description('what this node has agreed on');
  listCommand<Contract, { role?: string; living?: boolean }>(
    contracts
      .command('list', { isDefault: true })
      .description('of both roles, newest first')
      .option('--role <role>', 'buyer or seller')
      .option('--living', 'only those that are not over'),
    line,
    {
      path: '/contracts',
      query: ({ role, living }) => ({ ...(role && { role }), ...(living && { living: 'true' }) }),
      head: ['CONTRACT', 'ROLE', 'PEER', 'STATE', 'PART', 'PRICE', 'UNTIL', 'REASON'],
      row: (contract) => {
        const { terms, role, state } = contract;
        return [
          terms.id,
          role,
          role === 'buyer' ? terms.seller.domain : terms.buyer.domain,
          state,
          partOf(terms),
          money(terms.price),
          contract.endedAt === undefined ? endsOn(contract) : toTheSecond(contract.endedAt),
          endOf(contract),
        ];
      },
    },
  );
  contracts
    .command('end <id>')
    .description('ends one: withdrawn or drained where we sold it, released where we bought it')
    .option('--reason <reason>', 'withdrawn-by-seller, drained, ended-by-user or operator')
    .option('--detail <words>', 'words for the other side')
    .option('--now', 'where we sold: break the notice that was agreed on, which the audit tells')
    .option(
      '--without-buyer',
      'where we sold: do not wait until the buyer took down its own side, which may then hang; also for one that ends already',
    )
    .action(
      line.run(async (api, asJson, id: string, options: { reason?: string; detail?: string; now?: boolean; withoutBuyer?: boolean }) => {
        const { reason, detail, now, withoutBuyer } = options;
        const text = JSON.stringify({
          ...(reason && { reason }),
          ...(detail && { detail }),
          ...(now && { now }),
          ...(withoutBuyer && { withoutBuyer }),
        });
        // Looked at before: what is over stays over, and what was accepted must not fail by a look behind it.
        const over = asJson ? undefined : overWords(await read(api, id));
        await api.send('POST', `/contracts/${encodeURIComponent(id)}/end`, { text, type: 'application/json' });
        line.tell(asJson, { id, accepted: true }, () => `${over ?? `contract ${id} is ending`}\n`);
        return EXIT.ok;
      }),
    );

  contracts
    .command('show <id>')
    .description('one contract')
    .action(
      line.run(async (api, asJson, id: string) => {
        const contract = await read(api, id);
        const { terms, role, state } = contract;
        line.tell(asJson, contract, () =>
          facts([
            ['contract', terms.id],
            ['role', role],
            ['state', state],
            ['reason', endOf(contract)],
            ['seller', `${terms.seller.domain} (${terms.seller.id}, ${terms.seller.address})`],
            ['buyer', `${terms.buyer.domain} (${terms.buyer.id}, ${terms.buyer.address})`],
            ['flavor', terms.flavor.id],
            ['part', partOf(terms)],
            ...(terms.service
              ? [['hosted by', terms.service.hostingPolicy] as const, ['configured', JSON.stringify(terms.service.configuration)] as const]
              : []),
            ['price', money(terms.price)],
            ['from', terms.startsAt],
            [contract.endedAt === undefined ? 'until' : 'agreed until', untilOf(contract)],
            ['ended', contract.endedAt && toTheSecond(contract.endedAt)],
            ['renewed', contract.renewals && `${contract.renewals.length} times; at first until ${terms.expiresAt}`],
            ['ends early', contract.notice && `${contract.notice.endsAt}, by its seller's notice: ${wordsOf(contract.notice.ending)}`],
            ...promises(terms.flavor.terms),
            ['signed by', signedBy(contract)],
            ...keysOf(contract).map((kid) => ['key', kid] as const),
          ]),
        );
        return EXIT.ok;
      }),
    );
  contracts
    .command('export <id>')
    .description('prints one with its signatures, as a file that whoever knows the keys of both can verify without asking a node')
    .action(
      line.run(async (api, _asJson, id: string) => {
        const contract = await read(api, id);
        const { agreement, renewals } = contract;
        const over = overWords(contract);
        if (!agreement) throw new CommandFailed(`contract ${id} was never signed: the other side is a FLUIDOS node`, EXIT.failed);
        line.output.out(json(exportedAgreement(agreement, renewals && { renewals, until: untilOf(contract) })));
        if (over !== undefined) line.output.err(`${over}; its file does not say so\n`);
        return EXIT.ok;
      }),
    );
  verifyCommand(contracts, line);
}
