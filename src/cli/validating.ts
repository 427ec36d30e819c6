import type { Command } from 'commander';
import { languageOf, readDocument } from '../documents/reading.ts';
import { reduceIntent } from '../domain/intent.ts';
import type { WrongField } from '../domain/wrong-fields.ts';
import { CommandFailed, EXIT, fieldLines } from './client.ts';
import { resources } from './printing.ts';
import type { CommandLine } from './program.ts';

/** `rearguard intent validate`: what the node would say of a document, without asking one, by the same code. */
export function validateCommand(intent: Command, line: CommandLine): void {
  intent
    .command('validate')
    .description('everything that is wrong with an Intent document, as a node would say it, without asking one')
    .requiredOption('-f, --file <file>', 'the Intent document, YAML or JSON; - reads standard input')
    .action(
      line.run(async (_api, asJson, { file }: { file: string }) => {
        const text = await line.readInput(file);
        const read = readDocument(text, languageOf(text));
        if (!read.ok) throw invalid(file, [{ field: '', problem: read.problem }]);
        const reduced = reduceIntent(read.value, line.now());
        if ('problems' in reduced) throw invalid(file, reduced.problems);
        const { name, request, services = [] } = reduced.ok;
        line.tell(asJson, { valid: true, name, resources: request.resources, errors: [] }, () =>
          [
            `${file} is a valid Intent: ${name} needs ${resources(request.resources)}`,
            ...services.map((service) => `service ${service.name}`),
          ]
            .join(', ')
            .concat('\n'),
        );
        return EXIT.ok;
      }),
    );
}

const invalid = (file: string, errors: readonly WrongField[]): CommandFailed =>
  new CommandFailed([`${file} is not a valid Intent`, ...fieldLines(errors)].join('\n'), EXIT.usage, { valid: false, errors });
