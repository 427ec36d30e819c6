import type { Command } from 'commander';
import { z } from 'zod';
import { PERIODS, priceWords } from '../domain/money.ts';
import { partiesOf, type SigningKey } from '../rear/agreement.ts';
import { type ExportProof, verifyExport } from '../rear/agreement-file.ts';
import { allKnown, knownByDocument, knownById, type KnownKeys } from '../rear/known-keys.ts';
import { CommandFailed, EXIT, type ExitCode } from './client.ts';
import { facts, promises, resources } from './printing.ts';
import type { CommandLine } from './program.ts';

type Verdict = 'proven' | 'not-vouched-for' | 'not-proven';
const EXITS: Record<Verdict, ExitCode> = { proven: EXIT.ok, 'not-vouched-for': EXIT.notVouchedFor, 'not-proven': EXIT.failed };

/** What would move a terminal's cursor or turn its text: a file's words must not pose as ours. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Said with every proof: that a contract is in force now is nothing that a file can show. */
const EARLY_END = 'an end before that is in no file: ask a party whether it ended early';

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

interface Told {
  readonly key?: readonly string[];
  readonly didDocument?: readonly string[];
}

/** Proves contracts of others, without a node: what proves them is what the person knows of the parties' keys. */
export function verifyCommand(contracts: Command, line: CommandLine): void {
  contracts
    .command('verify <file>')
    .description(
      'proves an exported contract (- for standard input) without asking a node, by keys that you know of its parties; tells what is wrong',
    )
    .option(
      '--key <id>',
      'a key that you know to be a party’s, as DID#THUMBPRINT (what `rearguard key` prints at its node); may be repeated',
      collect,
    )
    .option('--did-document <file>', 'the did.json of a party, which you got by a way that you trust; may be repeated', collect)
    .action(
      line.run(async (_api, asJson, file: string, options: Told) => {
        const known = await readKnown(options, line);
        const proof = await verifyExport(parsed(file, await line.readInput(file)), line.now(), known);
        const { document, until, keys, notVouchedFor, findings } = proof;
        const verdict = findings.length > 0 ? 'not-proven' : notVouchedFor.length > 0 ? 'not-vouched-for' : 'proven';
        const said = {
          verdict,
          proven: verdict === 'proven',
          findings,
          notVouchedFor,
          keys,
          until,
          ...(document && { note: EARLY_END }),
          terms: document,
        };
        line.tell(asJson, said, () => words(proof, verdict, known));
        return EXITS[verdict];
      }),
    );
}

/** What the person knows of whose keys. */
async function readKnown({ key = [], didDocument = [] }: Told, { readInput }: CommandLine): Promise<KnownKeys> {
  const known = key.map((id) => {
    const read = knownById(id);
    if (read) return read;
    throw new CommandFailed('--key: say whose it is, as DID#THUMBPRINT, the way `rearguard key` prints it at its node', EXIT.usage);
  });
  for (const file of didDocument) {
    const value = parsed(file, await readInput(file));
    try {
      known.push(await knownByDocument(value));
    } catch (error) {
      if (!(error instanceof z.ZodError)) throw error;
      const [first] = error.issues;
      const why = first?.code === 'invalid_type' ? `is missing, or no ${first.expected}` : first?.message;
      throw new CommandFailed(`${file} is not the DID document of a node: ${first?.path.join('.') || 'it'}: ${why}`, EXIT.usage);
    }
  }
  return allKnown(known);
}

function parsed(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CommandFailed(`${file} is not JSON`, EXIT.usage);
  }
}

const keyLine = ({ kid, of, known }: SigningKey, { notVouchedFor }: ExportProof): readonly [string, string] => {
  const how = known ? 'as you know it' : of === undefined || notVouchedFor.includes(of) ? 'from the file alone' : 'not one that you know';
  return [of === undefined ? 'key' : `${of}’s key`, `${kid} (${how})`];
};

const text = z.string();
/** Of what was signed, what a person reads; another node's document may say it otherwise. */
const Signed = z.object({
  flavor: z.object({ flavorID: text }),
  resources: z.object({ cpu: text, memory: text, pods: text }),
  price: z.object({ amount: text, currency: text, period: z.enum(PERIODS) }).optional(),
  service: z.object({ hostingPolicy: text }).optional(),
});
function signedLines(document: unknown): readonly (readonly [string, string | undefined])[] {
  const read = Signed.safeParse(document);
  if (!read.success) return [];
  const { flavor, price, service } = read.data;
  return [
    ['flavor', flavor.flavorID],
    ['of it', service === undefined ? resources(read.data.resources) : 'one instance'],
    ['hosted at', service?.hostingPolicy],
    ['price', price === undefined ? 'none stated' : priceWords(price)],
  ];
}

function words(proof: ExportProof, verdict: Verdict, known: KnownKeys): string {
  const { document, until, keys, notVouchedFor, findings } = proof;
  const whose = notVouchedFor.map((party) => `the ${party}’s`).join(' and ');
  const parties: readonly string[] = document ? Object.values(partiesOf(document)) : [];
  const verdicts: Record<Verdict, string> = {
    proven: 'proven: both signed these terms, with keys that you know to be theirs',
    'not-vouched-for': `not vouched for: the signatures hold, but ${whose} keys stand in the file alone and were compared with nothing: whoever made the file may have made them. Say what you know of them by --key or --did-document.`,
    'not-proven': 'NOT proven',
  };
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['contract', document?.contract],
    ['seller', document?.seller.did],
    ['buyer', document?.buyer.did],
    ...signedLines(document),
    ['from', document?.startsAt],
    ['until', until],
    ['note', document && EARLY_END],
    ...promises(document?.flavor.terms),
    ...keys.map((key) => keyLine(key, proof)),
    ...[...known.keys()].filter((did) => document && !parties.includes(did)).map((did) => ['no party', did] as const),
    ...findings.map(({ fault, words: found }) => [fault, found] as const),
    ['verdict', verdicts[verdict]],
  ];
  return facts(lines.map(([label, value]) => [label, value?.replaceAll(UNSEEN, ' ')]));
}
